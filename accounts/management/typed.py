"""What an operator types for a command: checked before anything is done with it."""

import getpass
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email

from accounts.errors import WeakPasswordError
from accounts.passwords import check_new_password
from accounts.wording import weak_password


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


def password(*, is_staff: bool, words: Iterable[str]) -> str:
    """Ask for a new password: twice on a terminal, else the first line that comes in. Never an argument: others see those.

    Raises:
        CommandError: the two differ, or the password is too weak; the message says how.
    """
    chosen = _asked_twice() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    try:
        check_new_password(chosen, is_staff=is_staff, words=words)
    except WeakPasswordError as error:
        raise CommandError(weak_password(error, is_staff=is_staff)) from error
    return chosen


def _asked_twice() -> str:
    chosen = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != chosen:
        raise CommandError("The two passwords differ. Nothing was changed; try again.")
    return chosen
