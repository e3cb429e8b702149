"""What a measuring process does with logins, tokens and counters. Functions return figures: microseconds where they say so."""

import statistics
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from time import perf_counter

import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts import allowances, live_clients, operations, throttle, tokens, totp
from accounts.authentication import ServiceAuthentication
from accounts.limits import Counted, Limit
from accounts.models import Recipient, Role, ServiceClient, User

_EMAIL, _PASSWORD = "anna@voorbeeld.example", "fiets lantaarn regenjas"
_CLIENT = "lekdetectie"
_WIDE = Limit(name="benchmark", counts=Counted.ACCOUNT, most=1_000_000)
_TRANSACTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


def now() -> datetime:
    return datetime.now(UTC)


def prepare_accounts() -> None:
    """Make one person who can log in, and one client that asks without an end."""
    settings.CLIENT_RATE, settings.CLIENT_BURST = 100_000, 1_000_000
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    if User.objects.exists():
        return
    at = now()
    user = operations.create_user(email=_EMAIL, password=_PASSWORD, role=Role.CUSTOMER, at=at)
    operations.register_data_subject(reference="VW-1", name="mevrouw A. Jansen", user=user, at=at)
    operations.enrol(user=user, at=at, secret=bytes(20))
    recipient = operations.put_recipient(
        slug="team", kind=Recipient.Kind.TEAM, texts={}, contact="", country="NL", is_automated=True
    )
    operations.put_client(
        client_id=_CLIENT, recipient=recipient, scopes=["consent:check"], purposes=[], at=at
    )


def log_in(*, times: int) -> dict[str, float]:
    """Log in, each time with the next code; return how many statements each step took, and its median time."""
    found: dict[str, list[float]] = {}
    for number in range(times):
        at = now() + timedelta(minutes=1 + number)
        browser = Client()
        with time_machine.travel(at, tick=False):
            browser.get("/inloggen/")
            password = {"email": _EMAIL, "password": _PASSWORD}
            code = {"code": totp.code_at(bytes(20), totp.step_at(at.timestamp()))}
            steps = (("password", "/inloggen/", password), ("code", "/inloggen/code/", code))
            for step, address, form in steps:
                seconds, queries = _counted(partial(_send, browser, address, form))
                found.setdefault(f"{step} ms", []).append(seconds * 1000)
                found.setdefault(f"{step} statements", []).append(queries)
    return {name: statistics.median(values) for name, values in found.items()}


def check_tokens(*, times: int) -> dict[str, float]:
    """Return what it takes to know who calls the API, in microseconds: medians."""
    at = now()
    issued = [_token(at) for _ in range(times)]
    seen = issued[0]
    caller = ServiceAuthentication()
    request = Request(APIRequestFactory().post("/", HTTP_AUTHORIZATION=f"Bearer {seen}"))
    client = ServiceClient.objects.get()
    live_clients.find(_CLIENT, at=at)

    def seen_before() -> None:
        live_clients.find(tokens.read(seen, at=at).client_id, at=at)

    return {
        "new": statistics.median(_micro(partial(tokens.read, token, at=at)) for token in issued),
        "seen": _often(seen_before, times),
        "bucket": _often(lambda: allowances.take(client.pk, at=at), times),
        "all": _often(lambda: caller.authenticate(request), times),
    }


def count_attempts(*, times: int) -> dict[str, float]:
    """Return what it takes to count one attempt, and to claim tokens for one client, in microseconds: medians."""
    at = now()
    client = ServiceClient.objects.get().pk

    def claim() -> None:
        allowances.forget_all()
        allowances.take(client, at=at)

    settings.CLIENT_RATE, settings.CLIENT_BURST = 9, 1_000_000  # blocks of one
    return {
        "count": statistics.median(
            _micro(lambda: throttle.check(limit=_WIDE, value="x", at=at)) for _ in range(times)
        ),
        "claim": statistics.median(_micro(claim) for _ in range(times)),
    }


def _send(browser: Client, address: str, form: dict[str, str]) -> str:
    return browser.post(address, form).headers["Location"]


def _token(at: datetime) -> str:
    return tokens.issue(client_id=_CLIENT, scopes=["consent:check"], at=at)


def _counted(act: Callable[[], object]) -> tuple[float, int]:
    with CaptureQueriesContext(connection) as queries:
        begun = perf_counter()
        act()
        seconds = perf_counter() - begun
    return seconds, sum(not query["sql"].startswith(_TRANSACTION) for query in queries)


def _micro(act: Callable[[], object]) -> float:
    begun = perf_counter()
    act()
    return (perf_counter() - begun) * 1_000_000


def _often(act: Callable[[], object], times: int) -> float:
    """Return the median of the mean of a hundred: one of them is too short for the clock."""

    def hundred() -> None:
        for _ in range(100):
            act()

    return statistics.median(_micro(hundred) for _ in range(max(3, times // 10))) / 100
