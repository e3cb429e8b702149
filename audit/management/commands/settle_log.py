"""Number what is staged and sign the head: once, or over and over in a process of its own."""

import signal
import threading
from argparse import ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from audit import operations
from audit.keyfiles import KeyFileError

_SHORTEST, _LONGEST = 0.01, 60
_BETWEEN_HEADS = timedelta(seconds=1)  # each is a row and a line of the journal, for ever


def seconds(text: str) -> float:
    """Return the time between two rounds, for `add_argument(type=...)`."""
    try:
        every = float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds, such as 0.1") from error
    if not _SHORTEST <= every <= _LONGEST:
        raise ArgumentTypeError(f"choose from {_SHORTEST} to {_LONGEST} seconds")
    return every


class Command(BaseCommand):
    help = (
        "Gives staged entries their place in the log and signs its head. Any number of these may run, beside "
        "the worker too: one does the work. With --every it goes on until SIGTERM or Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--every",
            type=seconds,
            metavar="SECONDS",
            help="go on, with this time between two rounds; 0.1 numbers an entry well within half a second",
        )

    def handle(self, *, every: float | None = None, **_options: Any) -> None:
        if every is None:
            try:
                operations.settle(at=timezone.now())
            except (operations.LogBrokenError, KeyFileError) as error:
                raise CommandError(str(error)) from error
            return
        self._go_on(every)

    def _go_on(self, every: float) -> None:
        stopped = threading.Event()
        before = {
            number: signal.signal(number, lambda *_: stopped.set())
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        self.stdout.write(f"Numbering every {every:g} s, signing every second. Ctrl-C stops it.")
        self.stdout.flush()
        said, signed_at = "", datetime.min.replace(tzinfo=timezone.now().tzinfo)
        try:
            while True:
                trouble, signed_at = _round(signed_at)
                if trouble and trouble != said:
                    self.stderr.write(trouble)
                said = trouble
                if stopped.wait(every):
                    return
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _round(signed_at: datetime) -> tuple[str, datetime]:
    """Number, and sign when it is time; return what went wrong, if anything, and when was last signed.

    Nothing ends this process but its owner: what is wrong now may be put right while it runs.
    """
    at = timezone.now()
    try:
        if at - signed_at < _BETWEEN_HEADS:
            while operations.integrate(at=at):
                pass
            return "", signed_at
        operations.settle(at=at)
    except (operations.LogBrokenError, KeyFileError) as error:
        return str(error), at
    except DatabaseError as error:
        close_old_connections()  # the next round makes a new one
        return f"The database does not answer: {type(error).__name__}. Trying again.", signed_at
    return "", at
