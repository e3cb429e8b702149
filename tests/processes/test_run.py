"""The verdict of `manage.py test` can be trusted, by people and by programs."""

import subprocess
import sys
from pathlib import Path

from tests.processes.databases import ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Without our settings: the made up tests need no Django, and start in half a second.
    command = [sys.executable, "-m", "tests.run", "-p", "no:cacheprovider", "-c", "/dev/null"]
    command += arguments
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def file_with(folder: Path, *tests: str) -> str:
    path = folder / "test_made_up.py"
    path.write_text("import pytest\n" + "\n".join(tests), encoding="utf-8")
    return str(path)


class TestVerdict:
    def test_counts_on_the_last_line_and_fails_when_a_test_fails(self, tmp_path: Path) -> None:
        made_up = file_with(
            tmp_path, "def test_a(): pass", "def test_b(): pass", "def test_c(): assert False"
        )

        done = run(made_up)

        assert done.stdout.splitlines()[-1] == "2 passed, 1 failed"
        assert done.returncode == 1

    def test_does_not_call_a_skipped_test_run(self, tmp_path: Path) -> None:
        made_up = file_with(
            tmp_path, "def test_a(): pass", "def test_b(): pytest.skip('too early')"
        )

        lenient, strict = run(made_up), run("--require-all", made_up)

        assert lenient.returncode == 0
        assert "1 skipped by the tests themselves" in lenient.stdout
        assert strict.returncode == 1
        assert (
            lenient.stdout.splitlines()[-1]
            == strict.stdout.splitlines()[-1]
            == "1 passed, 0 failed"
        )

    def test_fails_when_nothing_was_run(self, tmp_path: Path) -> None:
        done = run(file_with(tmp_path))

        assert done.returncode == 1
        assert done.stdout.splitlines()[-1] == "0 passed, 0 failed"
