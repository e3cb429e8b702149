"""What an operator types for a command: checked before anything is done with it."""

import getpass
import sys
from argparse import ArgumentTypeError

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email


def email(text: str) -> str:
    """Return the address, for `add_argument(type=...)`."""
    try:
        validate_email(text)
    except ValidationError as error:
        raise ArgumentTypeError(f"{text!r} is not an e-mail address") from error
    return text


def words(text: str) -> str:
    """Return what was typed, unless that is nothing."""
    if not text.strip():
        raise ArgumentTypeError("fill this in")
    return text.strip()


def password() -> str:
    """Ask for a new password: twice on a terminal, else the first line that comes in. Never an argument: others see those.

    Raises:
        CommandError: the two differ, or the password is too weak; the message says how.
    """
    chosen = _asked_twice() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    try:
        validate_password(chosen)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return chosen


def _asked_twice() -> str:
    chosen = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != chosen:
        raise CommandError("The two passwords differ. Nothing was changed; try again.")
    return chosen
