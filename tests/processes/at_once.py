"""Things done at the same moment by the same person, with real commits. Prints what came of them as one line of JSON.

Whoever comes first waits a moment where a lock or a condition must hold the others back: without it they would
all be past the check before any of them changed a thing.
"""

import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any
from unittest import mock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()


from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts import operations, pending, totp  # noqa: E402
from accounts.models import Role, TotpDevice, User, UserSession  # noqa: E402
from accounts.operations import enrolment  # noqa: E402
from accounts.operations.sign_in import verify  # noqa: E402
from audit.events import EventKind  # noqa: E402
from audit.models import LogEntry  # noqa: E402

EMAIL, PASSWORD = "anna@voorbeeld.example", "correct horse battery"
TOGETHER = 6
A_MOMENT = 2  # seconds


def together(acts: list[Callable[[], str]]) -> dict[str, int]:
    """Do all at once, each with a connection of its own, and count what came of them."""
    outcomes: list[str] = []

    def do(act: Callable[[], str]) -> None:
        try:
            outcomes.append(act())
        except Exception as error:  # noqa: BLE001  the parent compares what each ended in
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return dict(Counter(outcomes))


def meeting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, that first waits until everybody is about to call it, or a moment when they cannot."""
    barrier = threading.Barrier(TOGETHER)

    def met(*arguments: Any, **named: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(A_MOMENT)
        return function(*arguments, **named)

    return met


def code_of(device: TotpDevice, at: datetime) -> str:
    return totp.code_at(device.secret(), totp.step_at(at.timestamp()))


def confirm_first_apps(user: User) -> dict[str, Any]:
    at = timezone.now()
    devices = [operations.start_app(user=user, at=at) for _ in range(TOGETHER)]

    def confirm(number: int) -> Callable[[], str]:
        def act() -> str:
            operations.confirm_app(
                user=user,
                device=devices[number],
                code=code_of(devices[number], at),
                address=f"192.0.2.{number}",
                is_replacing=False,
                at=at,
            )
            return "confirmed"

        return act

    with mock.patch.object(enrolment, "verify", meeting(verify)):
        outcomes = together([confirm(number) for number in range(TOGETHER)])
    return {
        "outcomes": outcomes,
        "apps": TotpDevice.objects.filter(user=user, confirmed=True).count(),
        "logged": LogEntry.objects.filter(kind=EventKind.SECOND_FACTOR_ADDED).count(),
    }


def log_in_with_one_recovery_code(user: User) -> dict[str, Any]:
    codes = operations.make_recovery_codes(user=user)
    operations.confirm_recovery_codes(user=user, typed=codes[0], at=timezone.now())
    browser = Client()
    browser.post("/inloggen/", {"email": EMAIL, "password": PASSWORD})
    browser.post("/inloggen/herstelcode/", {"code": codes[0]})

    def later() -> str:
        tab = Client()
        tab.cookies = browser.cookies
        return tab.post("/inloggen/instellen/", {"later": "1"}).headers["Location"]

    with mock.patch.object(pending, "claim", meeting(pending.claim)):
        outcomes = together([later] * TOGETHER)
    return {
        "outcomes": outcomes,
        "sessions": UserSession.objects.exclude(role="").count(),
        "logged": LogEntry.objects.filter(kind=EventKind.SIGNED_IN).count(),
    }


def main() -> dict[str, Any]:
    at = timezone.now()
    user = operations.create_user(email=EMAIL, password=PASSWORD, role=Role.CUSTOMER, at=at)
    operations.register_data_subject(reference="VW-1", name="mevrouw A. Jansen", user=user, at=at)
    return {
        "firstApps": confirm_first_apps(user),
        "oneCode": log_in_with_one_recovery_code(user),
    }


if __name__ == "__main__":
    print(json.dumps(main()))  # noqa: T201
