"""Let another key sign the log, in two steps; each may be run again after it was cut short."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit import operations
from audit.keyfiles import KeyFileError


class Command(BaseCommand):
    help = (
        "Makes another key for the log. From then on both sign, until --finish: then the new one signs alone and the "
        "old one is destroyed. Both steps are lines in the log; run a step again when it was cut short."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--finish",
            action="store_true",
            help="let the new key sign alone, and destroy the old one",
        )

    def handle(self, *, finish: bool, **_options: Any) -> None:
        rotate = operations.finish_rotation if finish else operations.begin_rotation
        try:
            key = rotate(at=timezone.now())
        except (operations.RotationError, operations.LogBrokenError, KeyFileError) as error:
            raise CommandError(str(error)) from error
        if finish:
            self.stdout.write(f"This key signs alone, and the old one was destroyed:\n{key.vkey}")
            return
        self.stdout.write(
            f"From size {key.from_size} on this key signs as well:\n{key.vkey}\n"
            "Back up the key folder, give the key to everyone who checks the log, and to the witnesses. Then: "
            "python3 manage.py rotate_log_key --finish"
        )
