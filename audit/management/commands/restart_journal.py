"""Begin a new journal of signed heads, when the old one is lost."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit import operations
from audit.journal import JournalError
from audit.keyfiles import KeyFileError


class Command(BaseCommand):
    help = (
        "Begins a new journal of signed heads where there is none, once the whole log was recomputed. It is a "
        "line in the log. Compare the log with older heads that others kept before you rely on it."
    )

    def handle(self, **_options: Any) -> None:
        try:
            newest = operations.restart_journal(at=timezone.now())
        except (operations.LogBrokenError, KeyFileError, JournalError) as error:
            raise CommandError(str(error)) from error
        if newest is None:
            self.stdout.write("Nothing was signed yet: the journal begins by itself.")
            return
        self.stdout.write(f"The journal begins with the signed head of {newest.size} entries.")
