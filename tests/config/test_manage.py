"""`manage.py` before there is an environment: it must start anywhere, and say what is missing."""

import ast
import fcntl
import os
import subprocess
import sys
import venv
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


@pytest.fixture
def asked_of_pip(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A pip that finds everything it is asked for; returns the lock files it was given."""
    asked: list[Path] = []

    def works(command: list[str]) -> int:
        if command[0] == "pip":
            asked.append(Path(command[-1]))
            return 0
        return subprocess.run(command, capture_output=True, check=False).returncode

    monkeypatch.setattr(manage, "pip", lambda: ["pip"])
    monkeypatch.setattr(subprocess, "call", lambda command, **_: works(command))
    return asked


@pytest.fixture
def environment(bare: Path, asked_of_pip: list[Path]) -> Path:
    """An environment as the demo left it, and a package in it that a demo is reading at this moment."""
    venv.create(manage.ENVIRONMENT, symlinks=True)
    manage.STAMP.write_text(manage.contents(manage.RUNTIME_LOCK), encoding="utf-8")
    [packages] = manage.ENVIRONMENT.glob("lib/*/site-packages")
    (packages / "in_use.py").touch()
    return packages


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

    @pytest.mark.parametrize(
        ("machine", "sentence"),
        [
            ("os.name = 'nt'", "Windows Subsystem for Linux"),
            ("sys.version_info = (3, 10)", "Regie needs Python 3.11 or newer"),
        ],
    )
    def test_says_on_which_machine_it_runs(self, machine: str, sentence: str) -> None:
        """No `fcntl` there, so importing that first would be a traceback."""
        on_windows = "; ".join(
            [
                "import hashlib, importlib.util, os, pathlib, runpy, shutil, subprocess, sys",
                "sys.modules['fcntl'] = None",
                machine,
                f"runpy.run_path({manage.__file__!r})",
            ]
        )

        done = subprocess.run(
            [sys.executable, "-c", on_windows], capture_output=True, text=True, check=False
        )

        assert done.returncode == 1
        assert done.stderr.startswith("Regie")
        assert sentence in done.stderr


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

    def test_keeps_what_a_running_demo_uses(
        self, environment: Path, asked_of_pip: list[Path]
    ) -> None:
        manage.make_environment(manage.DEVELOPMENT_LOCK)

        assert (environment / "in_use.py").exists()
        assert asked_of_pip == [manage.DEVELOPMENT_LOCK]
        assert manage.is_installed(manage.DEVELOPMENT_LOCK)

    def test_goes_on_where_an_installation_was_ended(
        self, environment: Path, asked_of_pip: list[Path]
    ) -> None:
        manage.STAMP.unlink()
        half, whole = environment / "half-1.dist-info", environment / "whole-1.dist-info"
        for about in (half, whole):
            about.mkdir()
            (about / "METADATA").touch()
        (whole / "RECORD").touch()

        manage.make_environment(manage.RUNTIME_LOCK)

        assert (environment / "in_use.py").exists()
        assert whole.exists()
        assert not half.exists(), "pip would take it for installed"
        assert asked_of_pip == [manage.RUNTIME_LOCK]

    @pytest.mark.parametrize("other", ["", "exit 1"])
    def test_starts_over_when_its_python_is_gone_or_another_one(
        self, environment: Path, other: str
    ) -> None:
        manage.PYTHON.unlink()
        if other:
            manage.PYTHON.write_text(f"#!/bin/sh\n{other}\n")
            manage.PYTHON.chmod(0o755)
        manage.RUNTIME_LOCK.write_text("something newer")

        manage.make_environment(manage.RUNTIME_LOCK)

        assert not (environment / "in_use.py").exists()
        assert manage.is_usable()
        assert manage.is_installed(manage.RUNTIME_LOCK)

    def test_is_not_finished_when_pip_fails(
        self, environment: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(subprocess, "call", lambda command, **_: command[0] == "pip")

        with pytest.raises(SystemExit, match="run the same command again"):
            manage.make_environment(manage.DEVELOPMENT_LOCK)

        assert not manage.STAMP.exists()

    def test_that_is_interrupted_says_how_to_go_on(
        self,
        bare: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def interrupted(lock: Path) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(manage, "install", interrupted)

        with pytest.raises(SystemExit) as ending:
            manage.make_environment(manage.RUNTIME_LOCK)

        assert ending.value.code == 130
        assert "Run the same command again" in capsys.readouterr().out

    def test_by_two_at_once_is_done_by_one_and_the_other_says_that_it_waits(
        self, bare: Path
    ) -> None:
        installed_from(manage.RUNTIME_LOCK)
        script = (
            f"import pathlib, sys; sys.path.insert(0, {str(Path(manage.__file__).parent)!r}); "
            f"import manage; manage.ROOT = pathlib.Path({str(bare)!r}); "
            "manage.is_installed = lambda lock: True; manage.make_environment(manage.RUNTIME_LOCK)"
        )
        folder = os.open(bare, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)

        with subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
        ) as second:
            assert second.stdout is not None
            said = second.stdout.readline()
            os.close(folder)

        assert "waiting until it is done" in said
        assert second.returncode == 0


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
