"""`manage.py demo` as a stranger meets it: a process that starts, tells, keeps, refuses and stops."""

import json
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.processes.databases import ROOT, fresh_environment

pytestmark = pytest.mark.processes

SECONDS_TO_START = 180  # on a machine with other things to do
SECONDS_TO_END = 20


class Demo:
    """A demo that runs; what it said so far is in `said`."""

    def __init__(self, *, folder: Path, port: int, environment: dict[str, str]) -> None:
        self.port = port
        self._process = subprocess.Popen(
            command(folder, port),
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""

    def wait_until_ready(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said += line
            if line.startswith("Ready on "):
                return
        pytest.fail(f"The demo did not start: {self.said}")

    def end(self, number: signal.Signals) -> int:
        self._process.send_signal(number)
        rest, _ = self._process.communicate(timeout=SECONDS_TO_END)
        self.said += rest
        return self._process.returncode

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


def command(folder: Path, port: int, *options: str) -> list[str]:
    place = ["--data-dir", str(folder), "--port", str(port)]
    return [sys.executable, "manage.py", "demo", *place, *options]


def refused(*arguments: str, environment: dict[str, str]) -> str:
    """Return the sentence with which the demo refuses to start."""
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_END,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def status_of(url: str) -> int:
    with urllib.request.urlopen(url, timeout=SECONDS_TO_END) as answer:
        status: int = answer.status
        return status


def accounts_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "accounts.json").read_text())
    return found


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with fresh_environment(tmp_path_factory.mktemp("unused")) as environment:
        yield {**environment, "REGIE_BOOTSTRAP": "no", "COLUMNS": "200"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("a demo") / "data"


@contextmanager
def running(folder: Path, environment: dict[str, str]) -> Iterator[Demo]:
    demo = Demo(folder=folder, port=free_port(), environment=environment)
    try:
        demo.wait_until_ready()
        yield demo
    finally:
        demo.kill()


class TestDemo:
    """One story on one folder, told in order: starting takes longest of all."""

    def test_starts_on_an_empty_folder_and_says_who_can_log_in(
        self, folder: Path, surroundings: dict[str, str]
    ) -> None:
        with running(folder, surroundings) as demo:
            assert f"Ready on http://127.0.0.1:{demo.port}\n" in demo.said
            assert status_of(f"http://127.0.0.1:{demo.port}/inloggen/") == 200
            demo.end(signal.SIGKILL)  # as when the power goes: the next test goes on from here

        found = accounts_in(folder)
        assert len(found["customers"]) + len(found["notEnrolled"]) >= 12
        assert len(found["notEnrolled"]) >= 1
        for customer in found["customers"]:
            assert set(customer) == {"email", "password", "totpSecret", "reference", "name"}
            assert customer["email"] in demo.said
            assert re.search(rf"{customer['totpSecret']}  \d{{6}}$", demo.said, re.MULTILINE)
        assert set(found["officer"]) == {"email", "password", "totpSecret"}
        assert found["officer"]["email"] in demo.said

    def test_gives_each_service_a_key_that_only_its_owner_can_read(self, folder: Path) -> None:
        services = accounts_in(folder)["services"]

        assert {"lekdetectie", "bespaarcoach"} <= {service["clientId"] for service in services}
        for service in services:
            assert set(service) == {"clientId", "kid", "privateKeyFile", "scope", "purposes"}
            key = Path(service["privateKeyFile"])
            assert key.is_absolute()
            assert key.is_relative_to(folder.resolve())
            assert stat.S_IMODE(key.stat().st_mode) == 0o600
            assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")
        assert stat.S_IMODE((folder / "accounts.json").stat().st_mode) == 0o600

    def test_keeps_everything_and_stops_on_ctrl_c(
        self, folder: Path, surroundings: dict[str, str]
    ) -> None:
        before = accounts_in(folder)
        keys = {path: path.read_bytes() for path in folder.rglob("keys/**/*") if path.is_file()}

        with running(folder, surroundings) as demo:
            assert accounts_in(folder) == before
            assert {path: path.read_bytes() for path in keys} == keys
            code = demo.end(signal.SIGINT)

        assert code == 0
        assert "Traceback" not in demo.said
        assert "Stopped." in demo.said

    def test_shares_neither_port_nor_folder_and_stops_on_sigterm(
        self, folder: Path, tmp_path: Path, surroundings: dict[str, str]
    ) -> None:
        with running(folder, surroundings) as demo:
            port_taken = refused("--port", str(demo.port), environment=surroundings)
            folder_taken = refused(*command(folder, free_port())[3:], environment=surroundings)
            code = demo.end(signal.SIGTERM)

        assert f"Port {demo.port} is in use" in port_taken
        assert f"--port {demo.port + 1}" in port_taken
        assert "Another demo already runs in" in folder_taken
        assert code == 0
        assert "Traceback" not in demo.said

    def test_shows_new_codes_without_starting(
        self, folder: Path, surroundings: dict[str, str]
    ) -> None:
        done = subprocess.run(
            command(folder, free_port(), "--codes"),
            cwd=ROOT,
            env=surroundings,
            capture_output=True,
            text=True,
            check=True,
        )

        assert accounts_in(folder)["officer"]["email"] in done.stdout


class TestDemoThatCannotStart:
    def test_leaves_a_folder_alone_that_no_demo_made(
        self, tmp_path: Path, surroundings: dict[str, str]
    ) -> None:
        precious = tmp_path / "keys" / "master.key"
        precious.parent.mkdir()
        precious.write_text("precious")

        sentence = refused(*command(tmp_path, free_port(), "--reset")[3:], environment=surroundings)

        assert "no demo made that" in sentence
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == [precious]

    def test_says_so_when_it_cannot_write(
        self, tmp_path: Path, surroundings: dict[str, str]
    ) -> None:
        (tmp_path / "file").touch()

        sentence = refused(*command(tmp_path / "file", free_port())[3:], environment=surroundings)

        assert "Cannot write in" in sentence
        assert "--data-dir" in sentence

    def test_does_not_empty_a_database_of_somebody_else(
        self, tmp_path: Path, surroundings: dict[str, str]
    ) -> None:
        elsewhere = {**surroundings, "REGIE_DATABASE_URL": "postgresql://127.0.0.1:9/nowhere"}

        sentence = refused(*command(tmp_path, free_port(), "--reset")[3:], environment=elsewhere)

        assert "new, empty database" in sentence
