"""Erase again whoever came back with a backup."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.journal import JournalError
from audit.keyring import leave_no_copy
from consent.operations.erasure import replay_erasures


class Command(BaseCommand):
    help = (
        "Erases again whoever a restored backup of the database brought back, from the journal of erasures. "
        "Run it after every restore, before anyone uses the database. Running it twice is harmless."
    )
    requires_system_checks = []  # one of them is what this repairs

    def handle(self, **_options: Any) -> None:
        try:
            count = replay_erasures(at=timezone.now())
        except JournalError as error:
            raise CommandError(str(error)) from error
        leave_no_copy()
        self.stdout.write(
            f"Destroyed again: {count} keys." if count else "Nobody came back: nothing to erase."
        )
