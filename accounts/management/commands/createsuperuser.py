"""In the place of Django's own command: there are no superusers here."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Does nothing: there are no superusers. Use add_officer."

    def handle(self, **_: Any) -> None:
        raise CommandError(
            "Regie has no superusers. For a privacy officer: python3 manage.py add_officer EMAIL"
        )
