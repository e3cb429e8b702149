"""Let another key sign access tokens, in two steps; each may be run again after it was cut short."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import operations
from accounts.token_keys import RotationError
from audit.keyfiles import KeyFileError


class Command(BaseCommand):
    help = (
        "Makes another key for access tokens, that signs from now on; what the old one signed still counts. With --finish "
        "the old one is destroyed: ten minutes later nobody notices, at once every client has to ask for a new token."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--finish", action="store_true", help="destroy the old key")

    def handle(self, *, finish: bool, **_options: Any) -> None:
        try:
            if finish:
                operations.finish_token_key_rotation(at=timezone.now())
                self.stdout.write("The old key was destroyed. Back up the key folder.")
                return
            kid = operations.begin_token_key_rotation(at=timezone.now())
        except (RotationError, KeyFileError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"The key {kid} signs from now on, and both are published at /oauth/jwks.json. "
            "When ten minutes have passed: python3 manage.py rotate_token_key --finish"
        )
