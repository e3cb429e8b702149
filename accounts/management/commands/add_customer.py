"""Give a customer a login."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from accounts import operations
from accounts.errors import EmailTakenError, ReferenceTakenError
from accounts.management import typed


class Command(BaseCommand):
    help = (
        "Make a customer known, with a login. Asks for the password, or reads one line. "
        "The second factor is set up at the first log-in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reference", type=typed.words, required=True, help="the customer number"
        )
        parser.add_argument(
            "--name", type=typed.words, required=True, help="how the customer is addressed"
        )
        parser.add_argument("--email", type=typed.email, required=True)

    @no_translations
    def handle(self, *, reference: str, name: str, email: str, **_: Any) -> None:
        try:
            operations.add_customer(
                email=email,
                password=typed.password(is_staff=False, words=[email, reference, name]),
                reference=reference,
                name=name,
                at=timezone.now(),
            )
        except (EmailTakenError, ReferenceTakenError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{reference} can log in as {email}; the second factor is set up at the first log-in."
        )
