"""Make a customer known, with or without a login."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from accounts import operations
from accounts.errors import EmailTakenError, ReferenceTakenError
from accounts.management import typed


class Command(BaseCommand):
    help = (
        "Make a customer known. With --email also a login: asks for the password, or reads one line; "
        "the second factor is set up at the first log-in. Without it the customer asks for a letter."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reference", type=typed.words, required=True, help="the customer number"
        )
        parser.add_argument(
            "--name", type=typed.words, required=True, help="how the customer is addressed"
        )
        parser.add_argument("--email", type=typed.email, help="make a login as well")

    @no_translations
    def handle(self, *, reference: str, name: str, email: str | None, **_: Any) -> None:
        try:
            said = self._add(reference, name, email)
        except (EmailTakenError, ReferenceTakenError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(said)

    def _add(self, reference: str, name: str, email: str | None) -> str:
        at = timezone.now()
        if not email:
            operations.register_data_subject(reference=reference, name=name, user=None, at=at)
            return f"{reference} is known, and can ask for a letter to make an account."
        operations.add_customer(
            email=email,
            password=typed.password(is_staff=False, words=[email, reference, name]),
            reference=reference,
            name=name,
            at=at,
        )
        return (
            f"{reference} can log in as {email}; the second factor is set up at the first log-in."
        )
