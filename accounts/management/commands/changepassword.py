"""In the place of Django's own command, which cannot find anybody here."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Does nothing: this version cannot change a password. Use add_officer for another officer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("anything", nargs="*")

    def handle(self, **_: Any) -> None:
        raise CommandError(
            "This version of Regie cannot change a password. "
            "For another officer: python3 manage.py add_officer EMAIL"
        )
