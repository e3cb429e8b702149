"""Start the demo: everything in one process, on this machine only."""

import signal
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone

from consent.demo import logins, place, server
from consent.demo.content import NotADemoDatabaseError, load


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
        except server.PortTakenError as error:
            raise CommandError(place.busy_sentence(port)) from error
        except OperationalError as error:
            raise CommandError(f"The database cannot be used: {error}") from error
        except NotADemoDatabaseError as error:
            raise CommandError(
                "The database in REGIE_DATABASE_URL serves an organisation that is not the demo. "
                "Nothing was changed. Point it to an empty database, or unset it."
            ) from error

    def _load(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        found = load(keys_dir=settings.KEYS_DIR, at=timezone.now())
        logins.write(found, data_dir=settings.DATA_DIR)

    def _tell(self, port: int) -> None:
        found = logins.read(settings.DATA_DIR)
        self._say(
            f"Ready on http://{place.HOST}:{port}\n\n"
            f"{logins.table(found, seconds=timezone.now().timestamp())}\n\n"
            f"A code counts for half a minute. For new ones: {place.codes_command(settings.DATA_DIR)}\n"
            f"The same for programs, with the keys of services: {settings.DATA_DIR / logins.FILE_NAME}\n"
            "Stop with Ctrl-C."
        )

    def _part(self) -> None:
        self._say("Stopped. Everything is kept for the next start.")

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
