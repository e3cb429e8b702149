"""Eight processes with one code, one assertion, one counter: exactly what is allowed gets through, in every round."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.processes.databases import fresh_environment, manage, python, said

pytestmark = pytest.mark.processes
ROUNDS = 200


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """All races, one after the other. In memory where there is such a folder: a disk would take most of the time."""
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        fresh_environment(Path(folder)) as environment,
    ):
        manage("migrate", "--verbosity", "0", environment=environment)
        seen: dict[str, Any] = json.loads(
            said(python("-m", "tests.processes.racing", environment=environment))
        )
    return seen


def test_totp_race(found: dict[str, Any]) -> None:
    assert found["totp"] == {"1": ROUNDS}


def test_recovery_race(found: dict[str, Any]) -> None:
    assert found["recovery"] == {"1": ROUNDS}


def test_assertion_race(found: dict[str, Any]) -> None:
    """T14: one assertion gives one token."""
    assert found["assertion"] == {"1": ROUNDS}


def test_rate_limit_race(found: dict[str, Any]) -> None:
    """T15: of 24 attempts at once exactly ten get through, and of a client exactly its bucket."""
    assert found["counter"] == {"10": 40}
    assert found["bucket"] == {str(found["burst"]): 12}
