"""Services, their tokens and their assertions, over several processes with one database."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.utils import timezone

from tests.accounts.signers import AUDIENCE
from tests.processes.databases import A_BUSY_MACHINE, fresh_environment, manage, python, said

pytestmark = pytest.mark.processes

AT_ONCE, ROUNDS = 8, 200
WITHIN = 5  # seconds
REGISTER = """
import django
django.setup()
from datetime import timedelta
from django.utils import timezone
from accounts import operations
from accounts.models import Recipient
at = timezone.now()
recipient = operations.put_recipient(slug="r", kind=Recipient.Kind.TEAM, texts={}, contact="", country="NL", is_automated=True)
client = operations.put_client(client_id="lekdetectie", recipient=recipient, scopes=["consent:check"], purposes=[], at=at)
pem = operations.issue_client_key(client=client, kid="k1", not_before=at - timedelta(days=1), not_after=at + timedelta(days=1))
import json
print(json.dumps(pem.decode()))
"""


@contextmanager
def running(*arguments: str, environment: dict[str, str]) -> Iterator["Told"]:
    process = python("-m", *arguments, environment=environment)
    try:
        yield Told(process)
    finally:
        process.communicate(timeout=A_BUSY_MACHINE)
    assert process.returncode == 0


class Told:
    """A process that is told something by a line, and answers with a line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    with fresh_environment(tmp_path) as found:
        manage("migrate", "--verbosity", "0", environment=found)
        yield found


def test_what_is_taken_away_no_longer_works_elsewhere_within_five_seconds(
    environment: dict[str, str],
) -> None:
    arguments = ("-m", "tests.processes.rights", "prepare")
    prepared = python(*arguments, environment=environment)
    _out, err = prepared.communicate(timeout=A_BUSY_MACHINE)
    assert prepared.returncode == 0, err
    module = "tests.processes.rights"

    with (
        running(module, "ask", environment=environment) as asking,
        running(module, "change", environment=environment) as admin,
    ):
        for taken, then in (
            ("scope", "403"),
            ("purpose", "purpose-not-registered"),
            ("off", "401"),
            ("key", "401"),
        ):
            admin.tell("back")
            admin.hear()
            asking.tell("token")
            before = asking.hear()["outcome"]
            assert before == "consent-missing"

            asking.tell(before)
            admin.tell(taken)
            changed_at, seen = admin.hear()["at"], asking.hear()

            assert seen["outcome"] == then, taken
            assert seen["at"] - changed_at <= WITHIN, taken


def test_an_assertion_gets_one_token_however_many_processes_bring_it(
    environment: dict[str, str],
) -> None:
    pem = json.loads(said(python("-c", REGISTER, environment=environment)))
    key: Any = load_pem_private_key(pem.encode(), password=None)
    accepted = []

    with ExitStack() as stack:
        workers = [
            stack.enter_context(running("tests.processes.assertions", environment=environment))
            for _ in range(AT_ONCE)
        ]
        for _round in range(ROUNDS):
            now = int(timezone.now().timestamp())
            claims = {
                "iss": "lekdetectie",
                "sub": "lekdetectie",
                "aud": AUDIENCE,
                "jti": uuid4().hex,
                "iat": now,
                "exp": now + int(timedelta(minutes=5).total_seconds()),
            }
            assertion = jwt.encode(claims, key, algorithm="ES256", headers={"kid": "k1"})
            for worker in workers:
                worker.tell(assertion)
            accepted.append(sorted(worker.hear() for worker in workers))

    assert accepted == [[200, *[401] * (AT_ONCE - 1)]] * ROUNDS
