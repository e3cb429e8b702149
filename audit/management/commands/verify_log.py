"""Recompute the log and say whether it is whole."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from audit import operations, queries, verification_report
from audit.keyfiles import KeyFileError
from audit.verification import Progress

_BROKEN, _UNCHECKED = 1, 2


class Command(BaseCommand):
    help = (
        "Recomputes the log from its entries and compares it with every signed checkpoint. "
        "Exit code 0: the log is whole. 1: it was changed. 2: it could not be checked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            type=int,
            default=0,
            metavar="SIZE",
            help="trust the signed head of this size, and check all that came after it: faster",
        )
        parser.add_argument(
            "--json",
            action="store_true",
            help="write the outcome as JSON; docs/audit-log.md says what is in it",
        )

    def handle(self, *, since: int, json: bool, **_options: Any) -> None:
        try:
            signing = self._settle()
            outcome = operations.examine(
                at=timezone.now(), clock=timezone.now, since=since, progress=self._progress()
            )
        except (KeyFileError, operations.UnknownHeadError) as error:
            self._give_up(str(error), as_json=json)
        except DatabaseError as error:
            kind = type(error).__name__
            what = (
                f"The database gave an error ({kind}). Look whether it runs, and whether it has its tables "
                "(manage.py migrate)."
            )
            self._give_up(what, as_json=json)
        else:
            self._tell(outcome, signing=signing, as_json=json)

    def _settle(self) -> str:
        """Number and sign what waits; return why that cannot be done, if it cannot."""
        try:
            operations.settle(at=timezone.now())
        except operations.LogBrokenError as error:
            self.stderr.write(f"New entries are not signed: {error}")
            return str(error)
        return ""

    def _progress(self) -> Progress | None:
        """Return what counts along for a person who watches; None when nobody does."""
        if not self.stderr.isatty():
            return None
        size = queries.head().size

        def show(counted: int) -> None:
            self.stderr.write(f"\r{counted} of {size} entries", str, ending="")

        return show

    def _give_up(self, what: str, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(verification_report.of_failure(what)))
        raise CommandError(f"The log cannot be checked. {what}", returncode=_UNCHECKED)

    def _tell(self, outcome: operations.Outcome, *, signing: str, as_json: bool) -> None:
        run = outcome.run
        if self.stderr.isatty():
            self.stderr.write("")
        if as_json:
            report = verification_report.of_outcome(
                run=run, faults=outcome.faults, head=queries.head(), signing=signing
            )
            self.stdout.write(json.dumps(report))
        else:
            for sentence in verification_report.sentences(run=run, faults=outcome.faults):
                self.stdout.write(sentence)
        if not run.is_sound:
            raise SystemExit(_BROKEN)
