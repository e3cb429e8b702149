"""Give an employee a login: a privacy officer, unless another role is named."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from accounts.errors import EmailTakenError
from accounts.management import typed
from accounts.models import Role
from accounts.operations import create_user

_CALLED = {
    Role.OFFICER: "privacy officer",
    Role.DESK: "employee of the service desk",
    Role.ADMIN: "administrator",
}


class Command(BaseCommand):
    help = (
        "Give an employee a login: a privacy officer, unless --role says otherwise. Asks for the password, or reads one line. "
        "The second factor is set up at the first log-in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", type=typed.email)
        parser.add_argument(
            "--role", choices=[role.value for role in _CALLED], default=Role.OFFICER.value
        )

    @no_translations
    def handle(self, *, email: str, role: str, **_: Any) -> None:
        try:
            create_user(email=email, password=typed.password(), role=Role(role), at=timezone.now())
        except EmailTakenError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{email} can log in as {_CALLED[Role(role)]}; the second factor is set up at the first log-in."
        )
