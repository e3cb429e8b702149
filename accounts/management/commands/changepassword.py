"""In the place of Django's own command, which cannot find anybody here."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Does nothing: nobody chooses the password of another. A customer uses /wachtwoord-vergeten/; invite an employee anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("anything", nargs="*")

    def handle(self, **_: Any) -> None:
        raise CommandError(
            "Nobody chooses the password of another. A customer uses /wachtwoord-vergeten/. "
            "For an employee: python3 manage.py invite EMAIL --role ROLE"
        )
