"""Erase a person (GDPR art. 17)."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from smtplib import SMTPException
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from accounts.identity import canonical_reference
from accounts.management import typed
from accounts.models import DataSubject
from accounts.queries import subject_by_reference
from audit import queries as log
from audit.journal import JournalError
from audit.keyring import leave_no_copy
from consent.operations.erasure import announce_erasure, erase_subject

_REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")


def request(text: str) -> str:
    if not _REQUEST.fullmatch(text):
        raise ArgumentTypeError(
            f"{text!r} is not the number of a request; use 1 to 64 letters, digits, dots, dashes and slashes"
        )
    return text


class Command(BaseCommand):
    help = (
        "Erases what is known about a customer: names, login, what is held, and the keys of what the log says "
        "about them. It cannot be undone. The customer is told by e-mail first. Afterwards the log still verifies."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference", type=typed.words, help="the customer number")
        parser.add_argument(
            "--request",
            type=request,
            required=True,
            help="the number of the request, such as AVG-2026-17; it is kept, so put no name in it",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask whether this is meant")
        parser.add_argument(
            "--no-mail", action="store_true", help="the customer is told in another way"
        )

    @no_translations
    def handle(
        self, *, reference: str, request: str, yes: bool, no_mail: bool, **_options: Any
    ) -> None:
        number = canonical_reference(reference)
        if number in canonical_reference(request):
            raise CommandError("Leave the customer number out of --request: that is kept.")
        subject = subject_by_reference(reference)
        if subject is None:
            self._say_that_nobody_is_left(request)
            return
        if not yes:
            _confirm(number)
        is_told = not no_mail and _announce(subject, request)
        try:
            gone = erase_subject(subject_id=subject.pk, request=request, at=timezone.now())
        except JournalError as error:
            raise CommandError(f"Nothing was erased. {error}") from error
        leave_no_copy()
        counted = ", ".join(f"{name} {count}" for name, count in sorted(gone.items()) if count)
        self.stdout.write(
            f"Erased: {counted}. {'A last e-mail was sent.' if is_told else 'Nobody was mailed.'} "
            "Copies and backups no longer open once `rotate_master_key` was run: do that within 30 days."
        )

    def _say_that_nobody_is_left(self, request: str) -> None:
        done = log.carried_out(request)
        if done is None:
            raise CommandError(
                "Nobody with this customer number is known here, and nothing was done for this request."
            )
        self.stdout.write(
            f"Nothing to do: request {request} was carried out on {done:%Y-%m-%d}, and nobody with "
            "this customer number is known here."
        )


def _confirm(number: str) -> None:
    if not sys.stdin.isatty():
        raise CommandError("Nothing was erased. Add --yes to erase without being asked.")
    typed_again = input("This cannot be undone. Type the customer number again: ")
    if canonical_reference(typed_again) != number:
        raise CommandError("Nothing was erased: that is another customer number.")


def _announce(subject: DataSubject, request: str) -> bool:
    try:
        return announce_erasure(subject=subject, request=request)
    except (SMTPException, OSError) as error:
        raise CommandError(
            f"Nothing was erased: the customer could not be mailed ({type(error).__name__}). Try again, or "
            "add --no-mail and tell the customer in another way."
        ) from error
