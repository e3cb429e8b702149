"""Start the demo: everything in one process, on this machine only."""

import os
import signal
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from audit import logkeys
from audit.keyfiles import KeyFileError
from consent.demo import logins, place, server
from consent.demo.content import NotADemoDatabaseError, load

FAULTS = (
    server.PortTakenError,
    DatabaseError,
    KeyFileError,
    OSError,
    NotADemoDatabaseError,
)


class Command(BaseCommand):
    help = "Start the demo on http://127.0.0.1:8000, with people, services and a past. Ctrl-C stops it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        place.add_options(parser)

    def handle(self, *, port: int, **_: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Start the demo with: python3 manage.py demo")
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        try:
            self._load()
            server.serve(port=port, ready=lambda: self._tell(port), leaving=self._part)
        except KeyboardInterrupt:
            self._part()
        except FAULTS as error:
            raise CommandError(_sentence(error, port=port)) from error

    def _load(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        logkeys.log_key()  # in time: later only the log would know that it is gone
        found = load(keys_dir=settings.KEYS_DIR, at=timezone.now())
        logins.write(found, data_dir=settings.DATA_DIR)

    def _tell(self, port: int) -> None:
        found = logins.read(settings.DATA_DIR)
        self._say(
            f"Ready on http://{place.HOST}:{port}\n\n"
            f"{logins.table(found, seconds=timezone.now().timestamp())}\n\n"
            f"A code counts for half a minute. For new ones: {place.command(settings.DATA_DIR, '--codes')}\n"
            f"The same for programs, with the keys of services: {settings.DATA_DIR / logins.FILE_NAME}\n"
            "Stop with Ctrl-C."
        )

    def _part(self) -> None:
        self._say("Stopped. Everything is kept for the next start.")

    def _say(self, words: str) -> None:
        try:
            self.stdout.write(words)
            self.stdout.flush()
        except BrokenPipeError:
            # Nobody reads along any more. What follows, at the very end as well, goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _sentence(error: Exception, *, port: int) -> str:
    """Say what is wrong with this start of the demo, and what to do."""
    folder = settings.DATA_DIR
    match error:
        case server.PortTakenError():
            return place.busy_sentence(port, data_dir=folder)
        case DatabaseError():
            return place.database_sentence(error, data_dir=folder)
        case KeyFileError():
            return f"{error} {place.to_start_anew(folder)}"
        case OSError():
            return place.cannot_write_sentence(error, data_dir=folder)
        case _:
            return (
                "The database in REGIE_DATABASE_URL serves an organisation that is not the demo. "
                "Nothing was changed. Point it to an empty database, or unset it."
            )


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
