"""`manage.py demo` as a stranger meets it: a process that starts, tells, keeps, refuses and stops."""

import json
import re
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes.databases import A_BUSY_MACHINE, ROOT, fresh_environment
from tests.processes.demo import RunningDemo, free_port, running_demo

pytestmark = pytest.mark.processes

SECONDS_TO_END = A_BUSY_MACHINE  # three on a machine that has nothing else to do


def place(folder: Path, port: int) -> list[str]:
    return ["--data-dir", str(folder), "--port", str(port)]


def ended(demo: RunningDemo, number: signal.Signals) -> int:
    demo.process.send_signal(number)
    return demo.process.wait(timeout=SECONDS_TO_END)


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


class TestDemo:
    """One story on one folder, told in order: starting takes longest of all."""

    def test_starts_on_an_empty_folder_and_says_who_can_log_in(
        self, folder: Path, surroundings: dict[str, str]
    ) -> None:
        with running_demo(folder=folder, environment=surroundings) as demo:
            assert status_of(f"{demo.base}/inloggen/") == 200
            demo.kill()  # as when the power goes: the next test goes on from here

        found, said = demo.accounts, "".join(demo.said)
        assert f"Ready on {demo.base}\n" in said
        assert len(found["customers"]) + len(found["notEnrolled"]) >= 12
        assert len(found["notEnrolled"]) >= 1
        for customer in found["customers"]:
            assert set(customer) == {"email", "password", "totpSecret", "reference", "name"}
            assert customer["email"] in said
            assert re.search(rf"{customer['totpSecret']}  \d{{6}}$", said, re.MULTILINE)
        assert set(found["officer"]) == {"email", "password", "totpSecret"}
        assert found["officer"]["email"] in said

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

        with running_demo(folder=folder, environment=surroundings) as demo:
            assert demo.accounts == before
            assert {path: path.read_bytes() for path in keys} == keys
            code = ended(demo, signal.SIGINT)

        assert code == 0
        assert "Traceback" not in "".join(demo.said)
        assert demo.said[-1].startswith("Stopped.")

    def test_shares_neither_port_nor_folder_and_stops_on_sigterm(
        self, folder: Path, surroundings: dict[str, str]
    ) -> None:
        with running_demo(folder=folder, environment=surroundings) as demo:
            port = int(demo.base.rsplit(":", 1)[1])
            port_taken = refused("--port", str(port), environment=surroundings)
            folder_taken = refused(*place(folder, free_port()), environment=surroundings)
            code = ended(demo, signal.SIGTERM)

        assert f"Port {port} is in use" in port_taken
        assert "--port" in port_taken
        assert "Another demo already runs in" in folder_taken
        assert code == 0
        assert "Traceback" not in "".join(demo.said)

    def test_shows_new_codes_without_starting(
        self, folder: Path, surroundings: dict[str, str]
    ) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", "demo", *place(folder, free_port()), "--codes"],
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

        sentence = refused(*place(tmp_path, free_port()), "--reset", environment=surroundings)

        assert "no demo made that" in sentence
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == [precious]

    def test_says_so_when_it_cannot_write(
        self, tmp_path: Path, surroundings: dict[str, str]
    ) -> None:
        (tmp_path / "file").touch()

        sentence = refused(*place(tmp_path / "file", free_port()), environment=surroundings)

        assert "Cannot write in" in sentence
        assert "--data-dir" in sentence

    def test_does_not_empty_a_database_of_somebody_else(
        self, tmp_path: Path, surroundings: dict[str, str]
    ) -> None:
        elsewhere = {**surroundings, "REGIE_DATABASE_URL": "postgresql://127.0.0.1:9/nowhere"}

        sentence = refused(*place(tmp_path, free_port()), "--reset", environment=elsewhere)

        assert "new, empty database" in sentence
