"""Passkeys of one person, used or made at the same moment. Prints what came of them as one line of JSON."""

import json
from collections.abc import Callable
from typing import Any
from unittest import mock

from tests.processes.at_once import EMAIL, PASSWORD, TOGETHER, meeting, together  # sets up Django

# isort: split
from django.test import Client
from django.utils import timezone
from django_otp_webauthn import helpers

from accounts import operations
from accounts.ceremonies import Ceremonies
from accounts.models import Passkey, Role, User
from accounts.operations import check_passkey
from audit.events import EventKind
from audit.models import LogEntry
from tests.accounts.soft_authenticator import SoftAuthenticator

LOG_IN = "/inloggen/passkey/"


def how_many(kind: EventKind) -> int:
    return LogEntry.objects.filter(kind=kind).count()


def make_first_passkeys(user: User) -> dict[str, Any]:
    at = timezone.now()
    asked = [operations.ask_for_new_passkey(user=user, address="", at=at) for _ in range(TOGETHER)]
    devices = [SoftAuthenticator(counts=False) for _ in range(TOGETHER)]

    def make(number: int) -> Callable[[], str]:
        options, question = asked[number]

        def act() -> str:
            operations.add_passkey(
                user=user,
                answer=devices[number].create(options),
                question=question,
                name="telefoon",
                is_proven=False,
                keep=None,
                at=at,
            )
            return "made"

        return act

    with mock.patch.object(Ceremonies, "register_complete", meeting(Ceremonies.register_complete)):
        outcomes = together([make(number) for number in range(TOGETHER)])
    return {
        "outcomes": outcomes,
        "passkeys": Passkey.objects.filter(user=user).count(),
        "logged": how_many(EventKind.PASSKEY_ADDED),
    }


def add(user: User, device: SoftAuthenticator) -> None:
    at = timezone.now()
    options, question = operations.ask_for_new_passkey(user=user, address="", at=at)
    operations.add_passkey(
        user=user,
        answer=device.create(options),
        question=question,
        name="telefoon",
        is_proven=True,
        keep=None,
        at=at,
    )


def answer_one_question(user: User) -> dict[str, Any]:
    """One answer, sent six times from one session: a passkey that does not count would accept each."""
    device = SoftAuthenticator(counts=False)
    add(user, device)
    browser = Client()
    answer = device.get(browser.post(f"{LOG_IN}vraag/").json())

    def send() -> str:
        tab = Client(raise_request_exception=False)
        tab.cookies = browser.cookies
        return tab.post(LOG_IN, {"passkey": answer}).headers.get("Location", "refused")

    with mock.patch.object(operations, "check_passkey", meeting(check_passkey)):
        outcomes = together([send] * TOGETHER)
    return {"outcomes": outcomes, "logged": how_many(EventKind.SIGNED_IN)}


def use_copies(user: User) -> dict[str, Any]:
    """Six copies of one passkey, each with a question of its own, that all count to the same number."""
    device = SoftAuthenticator()
    add(user, device)
    browsers = [Client() for _ in range(TOGETHER)]
    answers = []
    for browser in browsers:
        device.sign_count = 0
        answers.append(device.get(browser.post(f"{LOG_IN}vraag/").json()))

    def send(number: int) -> Callable[[], str]:
        def act() -> str:
            answer = browsers[number].post(LOG_IN, {"passkey": answers[number]})
            return answer.headers.get("Location", "refused")

        return act

    verify = helpers.verify_authentication_response
    with mock.patch.object(helpers, "verify_authentication_response", meeting(verify)):
        return {"outcomes": together([send(number) for number in range(TOGETHER)])}


def main() -> dict[str, Any]:
    at = timezone.now()
    user = operations.create_user(email=EMAIL, password=PASSWORD, role=Role.CUSTOMER, at=at)
    operations.register_data_subject(reference="VW-1", name="mevrouw A. Jansen", user=user, at=at)
    made = make_first_passkeys(user)
    codes = operations.make_recovery_codes(user=user)
    operations.confirm_recovery_codes(user=user, typed=codes[0], at=at)
    return {
        "firstPasskeys": made,
        "oneQuestion": answer_one_question(user),
        "copies": use_copies(user),
    }


if __name__ == "__main__":
    print(json.dumps(main()))  # noqa: T201
