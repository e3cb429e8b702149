"""Recompute the whole log and say whether it is whole."""

import sys

from django.core.management.base import BaseCommand
from django.utils import timezone

from audit import operations
from audit.keyfiles import KeyFileError


class Command(BaseCommand):
    help = (
        "Recomputes the log from its entries and compares it with every signed checkpoint. "
        "Exit code 0: the log is whole. 1: it was changed, or it cannot be checked."
    )

    def handle(self, *_args: object, **_options: object) -> None:
        try:
            self._settle()
            run = operations.verify(at=timezone.now(), clock=timezone.now)
        except KeyFileError as error:
            self.stderr.write(f"The log cannot be checked. {error}")
            sys.exit(1)
        if run.is_sound:
            self.stdout.write(
                f"The log is whole: {run.counted} entries, root {bytes(run.root).hex()}."
            )
            return
        self.stdout.write(
            f"The log was changed: {run.faults} faults in {run.counted} entries. "
            f"The first: {run.first_fault}"
        )
        sys.exit(1)

    def _settle(self) -> None:
        try:
            operations.settle(at=timezone.now())
        except operations.LogBrokenError as error:
            self.stderr.write(f"New entries are not signed: {error}")
