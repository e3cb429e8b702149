"""In the place of Django's own command: there are no superusers here."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Does nothing: there are no superusers. Use invite."

    def handle(self, **_: Any) -> None:
        raise CommandError(
            "Regie has no superusers. For an administrator: python3 manage.py invite EMAIL --role admin"
        )
