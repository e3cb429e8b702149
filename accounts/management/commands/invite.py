"""Invite an employee: the first administrator, or anyone when there is none."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, no_translations
from django.utils import timezone

from accounts.management import typed
from accounts.models import Role
from accounts.operations.staff import STAFF, invite


class Command(BaseCommand):
    help = (
        "Mail an employee a link with which to choose a password. It counts once, for 24 hours. "
        "The second factor is set up at the first log-in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", type=typed.email)
        parser.add_argument(
            "--role", type=Role, choices=STAFF, required=True, help="what this employee may do"
        )

    @no_translations
    def handle(self, *, email: str, role: Role, **_: Any) -> None:
        invite(email=email, role=role, by=None, at=timezone.now())
        self.stdout.write(f"An invitation to {email} is on its way. The link counts for 24 hours.")
