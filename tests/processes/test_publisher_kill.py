"""A publisher that is killed leaves a journal and a database that the next one makes agree: no second head of one size."""

import json
import signal
from pathlib import Path

import pytest

from tests.processes.databases import A_BUSY_MACHINE, fresh_environment, manage, python, said

pytestmark = pytest.mark.processes

POINTS = (
    "before signing", "before the commit", "after the commit", "in the middle of a line", "after the line",
)  # fmt: skip


def heads(path: Path) -> list[tuple[int, str]]:
    """Return the size and the root of every head in the journal."""
    notes = [json.loads(line)["note"].split("\n") for line in path.read_bytes().splitlines()]
    return [(int(note[1]), note[2]) for note in notes]


def test_a_killed_publisher_signs_no_second_head(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        manage("migrate", "--verbosity", "0", environment=environment)
        publisher = "tests.processes.publisher"
        for point in POINTS:
            killed = python("-m", publisher, point, environment=environment)
            assert killed.wait(timeout=A_BUSY_MACHINE) == -signal.SIGKILL, point
            killed.communicate()
        whole = python("-m", publisher, "never", environment=environment)
        whole.communicate(timeout=A_BUSY_MACHINE)
        assert whole.returncode == 0
        state = json.loads(
            said(python("-m", "tests.processes.inspect_state", environment=environment))
        )

    assert (state["faults"], state["firstFault"]) == (0, "")
    assert state["entries"] == state["leaves"] == 18
    sizes = [size for size, _ in heads(tmp_path / "log" / "journal")]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == 18
