"""Let the log go on under another name, when what was signed is lost or the key is known to others."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit import operations
from audit.journal import JournalError
from audit.keyfiles import KeyFileError


class Command(BaseCommand):
    help = (
        "After an incident: the log goes on under the name that REGIE_LOG_ORIGIN has now. Its first line quotes the last "
        "signed head that the journal knows, so that what was lost is told for ever. Run it again when it was cut short."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--incident", required=True, help="what happened, in a sentence; no personal data"
        )

    def handle(self, *, incident: str, **_options: Any) -> None:
        try:
            made = operations.restart_log(incident=incident, at=timezone.now())
        except (
            operations.RestartError,
            operations.LogBrokenError,
            JournalError,
            KeyFileError,
        ) as error:
            raise CommandError(str(error)) from error
        if made is None:
            self.stdout.write("Another process signs the log at this moment: it signs this too.")
            return
        self.stdout.write(
            f"The log goes on from size {made.size}:\n{made.note}\n"
            "Publish the new key of /log/vkey, and give it to the witnesses. Keep the journal that was put aside."
        )
