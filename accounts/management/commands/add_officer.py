"""Give a privacy officer a login."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from accounts.errors import EmailTakenError
from accounts.management import typed
from accounts.models import Role
from accounts.operations import create_user


class Command(BaseCommand):
    help = (
        "Give a privacy officer a login. Asks for the password, or reads one line. "
        "The second factor is set up at the first log-in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", type=typed.email)

    @no_translations
    def handle(self, *, email: str, **_: Any) -> None:
        try:
            create_user(
                email=email,
                password=typed.password(is_staff=True, words=[email]),
                role=Role.OFFICER,
                at=timezone.now(),
            )
        except EmailTakenError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{email} can log in as privacy officer; the second factor is set up at the first log-in."
        )
