"""Workers at one table of jobs: of several one has a job, and what a killed one began the next one ends."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.processes.databases import A_BUSY_MACHINE, fresh_environment, manage, python, said

pytestmark = pytest.mark.processes

EXPORTER = "tests.processes.exporter"


def test_what_a_killed_worker_began_the_next_one_ends_with_the_same_bytes(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        manage("migrate", "--verbosity", "0", environment=environment)

        def exporter(*arguments: str) -> Any:
            return json.loads(said(python("-m", EXPORTER, *arguments, environment=environment)))

        digest = exporter("prepare")
        for notes in ("5", "2"):  # in the middle, and before the next one went on
            killed = python("-m", EXPORTER, "die", notes, environment=environment)
            assert killed.wait(timeout=A_BUSY_MACHINE) == -signal.SIGKILL, notes
            killed.communicate()
        found = exporter("work")

    assert found == {
        "jobs": [["done", 1, 10, 10, digest], ["done", 3, 10, 10, digest]],
        "files": 2,
        "race": {"taken": {"True": 1, "False": 3}, "attempt": 1},
    }
