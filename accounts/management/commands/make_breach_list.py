"""Make the list of leaked passwords that nobody may choose."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, no_translations

from accounts import breach_list


class Command(BaseCommand):
    help = (
        "Make the list of leaked passwords out of a file of Have I Been Pwned "
        "(pwned-passwords-sha1-ordered-by-hash), and put it where REGIE_BREACH_LIST says."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    @no_translations
    def handle(self, *, file: Path, **_: Any) -> None:
        try:
            with file.open(encoding="ascii", errors="replace") as lines:
                count = breach_list.write(lines, settings.BREACH_LIST)
        except (OSError, breach_list.BreachListError) as error:
            raise CommandError(f"No list was made. {error}") from error
        self.stdout.write(f"{count} passwords are in {settings.BREACH_LIST}.")
