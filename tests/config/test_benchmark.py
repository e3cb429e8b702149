"""The benchmark says how it is used. That it runs is a step of `.ci/run`; what it finds is for a quiet machine to say."""

import os
import subprocess
import sys

import pytest

from tests.processes.databases import A_BUSY_MACHINE, ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "benchmark", *arguments],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=A_BUSY_MACHINE,
        check=False,
    )


@pytest.mark.parametrize("arguments", [(), ("everything",), ("audit", "--entries", "3")])
def test_it_says_what_it_can_measure(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)

    assert done.returncode == 2
    assert "usage: manage.py benchmark" in done.stderr
