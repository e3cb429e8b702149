"""`manage.py demo` as a stranger meets it: a process that starts, tells, keeps, refuses and stops."""

import json
import re
import shutil
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes.databases import A_BUSY_MACHINE, ROOT, fresh_environment, manage
from tests.processes.demo import RunningDemo, free_port, running_demo

pytestmark = pytest.mark.processes

SECONDS_TO_END = A_BUSY_MACHINE  # three on a machine that has nothing else to do


def place(folder: Path, port: int) -> list[str]:
    return ["--data-dir", str(folder), "--port", str(port)]


def ended(demo: RunningDemo, number: signal.Signals) -> int:
    demo.process.send_signal(number)
    return demo.process.wait(timeout=SECONDS_TO_END)


def started(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Start a demo that ends by itself."""
    return subprocess.run(
        [sys.executable, "manage.py", "demo", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_END,
        check=False,
    )


def refused(*arguments: str, environment: dict[str, str]) -> str:
    """Return the sentence with which the demo refuses to start."""
    done = started(*arguments, environment=environment)
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
def ended_demo(
    tmp_path_factory: pytest.TempPathFactory, surroundings: dict[str, str]
) -> RunningDemo:
    """A demo that started on an empty folder, served a page, and ended as when the power goes.

    Starting takes longest of all, so it is done once. A test may start it again, but leaves it as it was.
    """
    folder = tmp_path_factory.mktemp("a demo") / "data"
    with running_demo(folder=folder, environment=surroundings) as demo:
        assert status_of(f"{demo.base}/inloggen/") == 200
        demo.kill()
    return demo


@pytest.fixture
def folder(ended_demo: RunningDemo) -> Path:
    return ended_demo.folder


class TestDemo:
    def test_starts_on_an_empty_folder_and_says_who_can_log_in(
        self, ended_demo: RunningDemo
    ) -> None:
        found, said = ended_demo.accounts, "".join(ended_demo.said)
        assert f"Ready on {ended_demo.base}\n" in said
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

    def test_writes_nothing_that_others_can_read(self, folder: Path) -> None:
        open_to_others = [
            path
            for path in (folder, *folder.rglob("*"))
            if stat.S_IMODE(path.stat().st_mode) & 0o077
        ]

        assert open_to_others == []

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

    def test_starts_anew_when_asked(
        self, ended_demo: RunningDemo, tmp_path: Path, surroundings: dict[str, str]
    ) -> None:
        folder = tmp_path / "data"
        shutil.copytree(ended_demo.folder, folder)
        if "REGIE_DATABASE_URL" in surroundings:
            sentence = refused(*place(folder, free_port()), "--reset", environment=surroundings)
            assert "new, empty database" in sentence
            return
        keys = (folder / "keys" / "master.key").read_bytes()
        (folder / "of-the-owner.txt").touch()
        with running_demo(folder=folder, environment=surroundings, options=["--reset"]):
            assert (folder / "keys" / "master.key").read_bytes() != keys
        assert (folder / "of-the-owner.txt").exists()


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

    def test_says_where_to_start_when_there_are_no_logins_yet(
        self, tmp_path: Path, surroundings: dict[str, str]
    ) -> None:
        sentence = refused("--codes", "--data-dir", str(tmp_path), environment=surroundings)

        assert "Start it: python3 manage.py demo" in sentence

    @pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8000.5"])
    def test_says_which_ports_there_are(self, surroundings: dict[str, str], port: str) -> None:
        done = started(f"--port={port}", environment=surroundings)

        assert done.returncode == 2
        assert "use a number from 1 to 65535" in done.stderr

    def test_says_so_when_the_database_does_not_answer(
        self, tmp_path: Path, surroundings: dict[str, str]
    ) -> None:
        nowhere = {**surroundings, "REGIE_DATABASE_URL": "postgresql://x@127.0.0.1:9/nowhere"}

        sentence = refused(*place(tmp_path, free_port()), environment=nowhere)

        assert "The database cannot be used" in sentence

    def test_leaves_a_database_alone_that_serves_real_people(self, tmp_path: Path) -> None:
        with fresh_environment(tmp_path / "real") as environment:
            environment.setdefault(
                "REGIE_DATABASE_URL", f"sqlite:///{tmp_path / 'real' / 'regie.sqlite3'}"
            )
            (tmp_path / "real").mkdir()
            manage("migrate", environment=environment)
            manage("load_catalogue", "consent/catalogues/vechtwater.yaml", environment=environment)

            # With other keys than those of the database it does not even come to the question.
            own_keys = tmp_path / "demo" / "keys"
            own_keys.parent.mkdir()
            shutil.copytree(tmp_path / "real" / "keys", own_keys)
            (tmp_path / "demo" / ".regie-demo").touch()
            sentence = refused(*place(tmp_path / "demo", free_port()), environment=environment)

        assert "serves an organisation that is not the demo. Nothing was changed." in sentence

    def test_only_starts_through_its_own_front_door(self, surroundings: dict[str, str]) -> None:
        """Another way in would run it with the settings of the installation that is there."""
        done = subprocess.run(
            [sys.executable, "-m", "django", "demo"],
            cwd=ROOT,
            env=surroundings | {"DJANGO_SETTINGS_MODULE": "config.settings"},
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_END,
            check=False,
        )

        assert done.returncode == 1
        assert "Start the demo with: python3 manage.py demo" in done.stderr


class TestDemoThatIsInterrupted:
    def test_while_it_loads_is_whole_at_the_next_start(
        self, tmp_path: Path, surroundings: dict[str, str]
    ) -> None:
        with fresh_environment(tmp_path / "unused") as environment:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", *place(tmp_path / "data", free_port())],
                cwd=ROOT,
                env=environment | {"REGIE_BOOTSTRAP": "no"},
                stdout=subprocess.PIPE,
                text=True,
            )
            made_while_loading = tmp_path / "data" / "keys" / "master.key"
            while not made_while_loading.exists():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=SECONDS_TO_END)

            assert process.returncode == 0
            assert "Ready on" not in said
            assert "Stopped." in said
            with running_demo(folder=tmp_path / "data", environment=environment) as demo:
                assert len(demo.accounts["customers"]) == 12
