"""Eight processes at a barrier, with one code, one assertion or one counter between them. Prints how many got through.

Each round has a moment of its own, so that nobody has to wait for the one before.
"""

import json
import multiprocessing
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import jwt  # noqa: E402
import time_machine  # noqa: E402
from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402

from accounts import allowances, operations, recovery_codes, throttle, totp  # noqa: E402
from accounts.allowances import TooFastError  # noqa: E402
from accounts.errors import LockedOutError  # noqa: E402
from accounts.limits import Counted, Limit  # noqa: E402
from accounts.models import (  # noqa: E402
    Recipient,
    RecoveryCode,
    RecoveryDevice,
    Role,
    ServiceClient,
    TotpDevice,
    User,
)
from accounts.oauth.errors import InvalidClientError  # noqa: E402
from accounts.operations.access_tokens import grant_token  # noqa: E402
from accounts.operations.sign_in import verify  # noqa: E402

PROCESSES = 8
START = datetime(2026, 3, 1, tzinfo=UTC)
AUDIENCE = "http://127.0.0.1:8000/oauth/token"
TEN = Limit(name="race", counts=Counted.ACCOUNT, most=10)
CLIENTS = 4

Attempt = Callable[[int], int]  # a round; how often this process got through


def moment(turn: int) -> datetime:
    return START + timedelta(minutes=turn)


@contextmanager
def at_the_time_of(turn: int) -> Iterator[None]:
    with time_machine.travel(moment(turn), tick=False):
        yield


def one_totp_code(user: User, _rounds: int) -> Attempt:
    device = TotpDevice.objects.get(user=user)
    secret = device.secret()

    def attempt(turn: int) -> int:
        code = totp.code_at(secret, totp.step_at(moment(turn).timestamp()))
        with at_the_time_of(turn):
            return int(verify(user=user, device=device, code=code))

    return attempt


def one_recovery_code(user: User, rounds: int) -> Attempt:
    device = RecoveryDevice.objects.get(user=user)
    codes = [code for _ in range(rounds // 10 + 1) for code in recovery_codes.new_codes()]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(device=device, lookup=device.lookup(code)) for code in codes
    )

    def attempt(turn: int) -> int:
        with at_the_time_of(turn):
            return int(verify(user=user, device=device, code=codes[turn]))

    return attempt


def one_assertion(_user: User, rounds: int) -> Attempt:
    client = ServiceClient.objects.get(client_id="race-0")
    pem = operations.issue_client_key(
        client=client, kid="k", not_before=START, not_after=START + timedelta(days=9)
    )
    key: Any = load_pem_private_key(pem, password=None)

    def assertion(turn: int) -> str:
        now = int(moment(turn).timestamp())
        claims = {"iss": "race-0", "sub": "race-0", "aud": AUDIENCE, "iat": now, "exp": now + 60}
        return jwt.encode({**claims, "jti": uuid4().hex}, key, "ES256", {"kid": "k"})

    assertions = [assertion(turn) for turn in range(rounds)]

    def attempt(turn: int) -> int:
        try:
            grant_token(
                assertion=assertions[turn],
                client_id="",
                scope="",
                audience=AUDIENCE,
                at=moment(turn),
            )
        except InvalidClientError:
            return 0
        return 1

    return attempt


def one_counter(_user: User, _rounds: int) -> Attempt:
    def attempt(turn: int) -> int:
        got = 0
        for _ in range(3):
            try:
                throttle.check(limit=TEN, value=f"round {turn}", at=moment(turn))
            except LockedOutError:
                continue
            got += 1
        return got

    return attempt


def one_bucket(_user: User, _rounds: int) -> Attempt:
    """Every process asks until it is refused; each round there is another bucket, or a full one again."""
    clients = [
        ServiceClient.objects.get(client_id=f"race-{number}").pk for number in range(CLIENTS)
    ]

    def attempt(turn: int) -> int:
        got = 0
        while True:
            try:
                allowances.take(clients[turn % CLIENTS], at=moment(turn))
            except TooFastError:
                return got
            got += 1

    return attempt


RACES: dict[str, tuple[Callable[[User, int], Attempt], int]] = {
    "totp": (one_totp_code, 200),
    "recovery": (one_recovery_code, 200),
    "assertion": (one_assertion, 200),
    "counter": (one_counter, 40),
    "bucket": (one_bucket, 12),
}


def run(attempt: Attempt, rounds: int, barrier: Any, results: Any) -> None:
    """Do every round when all are ready for it; what goes wrong is told, and stops nobody."""
    got: list[Any] = []
    for turn in range(rounds):
        barrier.wait(60)
        try:
            got.append(attempt(turn))
        except Exception:  # noqa: BLE001  the parent fails the test with every traceback
            got.append(traceback.format_exc()[-1500:])
    results.put(got)


def race(attempt: Attempt, rounds: int) -> dict[str, Any]:
    """Return in how many rounds how many got through."""
    connections.close_all()  # a connection cannot be shared with a child
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(PROCESSES), context.Queue()
    processes = [
        context.Process(target=run, args=(attempt, rounds, barrier, results))
        for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    got = [results.get(timeout=300) for _ in processes]
    for process in processes:
        process.join()
    faults = [one for of_process in got for one in of_process if isinstance(one, str)]
    if faults:
        return {"faults": faults}
    return dict(Counter(str(sum(of_round)) for of_round in zip(*got, strict=True)))


def prepare() -> User:
    user = operations.create_user(
        email="anna@voorbeeld.example",
        password="fiets lantaarn regenjas",
        role=Role.CUSTOMER,
        at=START,
    )
    operations.enrol(user=user, at=START)
    recipient = operations.put_recipient(
        slug="team", kind=Recipient.Kind.TEAM, texts={}, contact="", country="NL", is_automated=True
    )
    for number in range(CLIENTS):
        operations.put_client(
            client_id=f"race-{number}",
            recipient=recipient,
            scopes=["consent:check"],
            purposes=[],
            at=START,
        )
    return user


def main() -> None:
    user = prepare()
    found: dict[str, Any] = {"burst": settings.CLIENT_BURST}
    for name, (start, rounds) in RACES.items():
        begun = datetime.now(UTC)
        with at_the_time_of(0):
            attempt = start(user, rounds)
        found[name] = race(attempt, rounds)
        sys.stderr.write(f"{name}: {datetime.now(UTC) - begun}\n")
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
