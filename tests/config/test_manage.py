"""`manage.py` before there is an environment: it must start anywhere, and say what is missing."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import manage

SOURCE = Path(manage.__file__).read_text(encoding="utf-8")


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as it comes from the repository: lock files, no `.venv`."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text(f"{name} as locked\n")
    monkeypatch.setattr(manage, "ROOT", tmp_path)
    monkeypatch.setattr(manage, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(manage, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(manage, "STAMP", tmp_path / ".venv" / "installed.txt")
    monkeypatch.setattr(manage, "RUNTIME_LOCK", tmp_path / "requirements.txt")
    monkeypatch.setattr(manage, "DEVELOPMENT_LOCK", tmp_path / "requirements-dev.txt")
    monkeypatch.delenv("REGIE_BOOTSTRAP", raising=False)
    return tmp_path


def installed_from(lock: Path) -> None:
    manage.PYTHON.parent.mkdir(parents=True)
    manage.PYTHON.touch()
    manage.STAMP.write_text(manage.contents(lock), encoding="utf-8")


class TestFile:
    def test_can_be_read_by_a_python_that_is_too_old(self) -> None:
        ast.parse(SOURCE, feature_version=(3, 6))

    def test_needs_the_standard_library_only_before_the_environment_is_there(self) -> None:
        on_top = [
            node for node in ast.parse(SOURCE).body if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        names = {
            name
            for node in on_top
            for name in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
            )
        }

        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


class TestNeedsEnvironment:
    @pytest.mark.parametrize("command", ["demo", "test"])
    def test_for_what_a_stranger_runs(self, bare: Path, command: str) -> None:
        assert manage.needs_environment(command)

    def test_not_for_a_command_that_finds_django(self, bare: Path) -> None:
        assert not manage.needs_environment("migrate")

    def test_not_when_told_so(self, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REGIE_BOOTSTRAP", "no")

        assert not manage.needs_environment("demo")

    def test_not_inside_the_environment(self, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "prefix", str(manage.ENVIRONMENT))

        assert not manage.needs_environment("demo")


class TestIsInstalled:
    def test_is_what_was_installed_to_the_end(self, bare: Path) -> None:
        assert not manage.is_installed(manage.RUNTIME_LOCK)

        installed_from(manage.RUNTIME_LOCK)

        assert manage.is_installed(manage.RUNTIME_LOCK)

    def test_holds_for_the_demo_when_everything_was_installed_for_tests(self, bare: Path) -> None:
        installed_from(manage.DEVELOPMENT_LOCK)

        assert manage.is_installed(manage.RUNTIME_LOCK)

    def test_does_not_hold_for_tests_when_only_the_demo_was_installed(self, bare: Path) -> None:
        installed_from(manage.RUNTIME_LOCK)

        assert not manage.is_installed(manage.DEVELOPMENT_LOCK)

    def test_ends_when_the_lock_file_changes(self, bare: Path) -> None:
        installed_from(manage.RUNTIME_LOCK)

        manage.RUNTIME_LOCK.write_text("something newer")

        assert not manage.is_installed(manage.RUNTIME_LOCK)

    def test_ends_when_its_python_is_gone(self, bare: Path) -> None:
        installed_from(manage.RUNTIME_LOCK)

        manage.PYTHON.unlink()

        assert not manage.is_installed(manage.RUNTIME_LOCK)


class TestMakeEnvironment:
    def test_says_what_to_do_where_it_cannot_write(
        self, bare: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (bare / "file").touch()
        monkeypatch.setattr(manage, "ENVIRONMENT", bare / "file" / ".venv")

        with pytest.raises(SystemExit, match="copy Regie to a folder where you may write"):
            manage.make_environment(manage.RUNTIME_LOCK)


class TestSetting:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("REGIE_TRUSTED_PROXY_COUNT", "een"),
            ("REGIE_DATABASE_URL", "mysql://db/regie"),
            ("REGIE_LOG_LEVEL", "loud"),
        ],
    )
    @pytest.mark.parametrize("command", ["check", "verify_log"])
    def test_that_is_wrong_stops_the_start_with_one_sentence(
        self, tmp_path: Path, command: str, name: str, value: str
    ) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", command],
            cwd=Path(manage.__file__).parent,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "REGIE_BOOTSTRAP": "no",
                "REGIE_DATA_DIR": str(tmp_path),
                name: value,
            },
            capture_output=True,
            text=True,
            check=False,
        )

        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"{name} is ")
        assert done.stderr.count("\n") == 1
