"""What an administrator takes away from a service in one process no longer works in another."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.processes.databases import A_BUSY_MACHINE, fresh_environment, manage, python

pytestmark = pytest.mark.processes

WITHIN = 5  # seconds


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
            assert seen["last"] - changed_at <= WITHIN, taken
