"""Register a system that asks, with its public key."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import jwk
from accounts.errors import JwkError, TooManyKeysError
from consent.operations.services import NotInRegisterError, PublicKey, register_service
from consent.vocabulary import SCOPES

LONGEST = 3650  # days


class Command(BaseCommand):
    help = (
        "Register a system that asks, or change its registration, with a public key of it. "
        "The private half stays with the owner of that system. Run it again with another --kid to replace a key."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("client_id", type=_name, help="such as lekdetectie")
        parser.add_argument(
            "--recipient",
            required=True,
            metavar="SLUG",
            help="whose system it is, as in the catalogue",
        )
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            choices=SCOPES,
            help="what it may do",
        )
        parser.add_argument(
            "--purpose",
            action="append",
            required=True,
            metavar="SLUG",
            help="what it may ask about, as in the catalogue; once for each",
        )
        parser.add_argument(
            "--kid", type=_name, required=True, help="how its assertions name the key"
        )
        parser.add_argument(
            "--public-key", type=Path, required=True, metavar="FILE", help="PEM or JWK"
        )
        parser.add_argument(
            "--days", type=_days, default=365, help="how long the key counts (default 365)"
        )

    def handle(self, *, client_id: str, kid: str, days: int, **options: Any) -> None:
        now = timezone.now()
        until = now + timedelta(days=days)
        try:
            key = PublicKey(
                kid=kid,
                jwk=jwk.parse(_read(options["public_key"])),
                not_before=now,
                not_after=until,
            )
            register_service(
                client_id=client_id,
                recipient=options["recipient"],
                scopes=options["scope"],
                purposes=options["purpose"],
                key=key,
                at=now,
            )
        except (JwkError, NotInRegisterError, TooManyKeysError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{client_id} may ask about {', '.join(options['purpose'])}. "
            f"Its key {kid} counts until {until:%Y-%m-%d}."
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,50}", text):
        raise ArgumentTypeError("use at most 50 letters, digits, hyphens and underscores")
    return text


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LONGEST):
        raise ArgumentTypeError(f"use a number from 1 to {LONGEST}")
    return int(text)
