"""What can be wrong where a demo runs: each is one sentence that says what to do, and never a traceback."""

import base64
import json
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, OperationalError

from consent.demo import place
from tests.processes.databases import A_BUSY_MACHINE, ROOT, fresh_environment
from tests.processes.demo import free_port, running_demo

pytestmark = pytest.mark.processes

PERSON = {"email": "a@b.example", "password": "x", "reference": "VW-1", "name": "A"}


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Surroundings in which the demo keeps everything in its own folder."""
    with fresh_environment(tmp_path_factory.mktemp("unused")) as environment:
        environment.pop("REGIE_DATABASE_URL", None)
        yield {**environment, "REGIE_BOOTSTRAP": "no", "COLUMNS": "200"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults") / "a demo"


@pytest.fixture
def made_by_a_demo(tmp_path: Path) -> Path:
    (tmp_path / place.MARK).touch()
    return tmp_path


def demo(folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo", f"--port={free_port()}", f"--data-dir={folder}"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refused(folder: Path, environment: dict[str, str]) -> str:
    """Return the one sentence with which the demo refuses to start."""
    with demo(folder, environment) as process:
        try:
            _, told = process.communicate(timeout=A_BUSY_MACHINE)
        finally:
            process.kill()
    assert process.returncode == 1, told
    [sentence] = told.splitlines()
    return sentence


def ask(*options: str) -> subprocess.CompletedProcess[str]:
    question = ["lekdetectie", "lekwaarschuwing", "usage", "VW-1000017"]
    return subprocess.run(
        [sys.executable, "docs/examples/ask.py", *question, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def is_signed(base: str) -> bool:
    try:
        urllib.request.urlopen(f"{base}/log/checkpoint", timeout=A_BUSY_MACHINE).close()
    except urllib.error.HTTPError as error:
        error.close()
        return False
    return True


class TestDemo:
    """One story on one folder, told in order."""

    def test_goes_on_when_nobody_reads_along_and_still_stops_in_peace(
        self, folder: Path, surroundings: dict[str, str]
    ) -> None:
        with demo(folder, surroundings) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            first = process.stdout.readline()  # as `head -1` does
            process.stdout.close()

            process.send_signal(signal.SIGINT)
            told = process.stderr.read()

        assert process.returncode == 0
        assert first.startswith("Ready on")
        assert told == ""

    def test_is_asked_by_the_example_under_another_name_of_this_machine(
        self, folder: Path, surroundings: dict[str, str]
    ) -> None:
        with running_demo(folder=folder, environment=surroundings) as started:
            answer = ask(
                f"--accounts={folder / 'accounts.json'}",
                f"--base={started.base.replace('127.0.0.1', 'localhost')}",
            )
            while not is_signed(started.base):  # the next test needs a log that its key signed
                assert started.process.poll() is None

        assert json.loads(answer.stdout)["context"]["purpose"] == "lekwaarschuwing"

    @pytest.mark.parametrize("name", ["log.key", "master.key"])
    def test_without_a_key_says_how_to_start_anew(
        self, folder: Path, surroundings: dict[str, str], name: str
    ) -> None:
        key = folder / "keys" / name
        content = key.read_bytes()
        key.unlink()

        sentence = refused(folder, surroundings)
        key.write_bytes(content)

        assert f"Restore {name} from your backup" in sentence
        assert sentence.endswith(f"python3 manage.py demo --reset --data-dir '{folder}'")


class TestPlace:
    @pytest.mark.parametrize("content", [b"no database at all, but some letters. " * 99])
    def test_with_a_damaged_database_says_how_to_start_anew(
        self, made_by_a_demo: Path, surroundings: dict[str, str], content: bytes
    ) -> None:
        (made_by_a_demo / "regie.sqlite3").write_bytes(content)

        sentence = refused(made_by_a_demo, surroundings)

        assert "is damaged (file is not a database)" in sentence
        assert f"python3 manage.py demo --reset --data-dir {made_by_a_demo}" in sentence

    def test_with_something_in_the_way_says_where(
        self, made_by_a_demo: Path, surroundings: dict[str, str]
    ) -> None:
        (made_by_a_demo / "accounts.json").mkdir()

        sentence = refused(made_by_a_demo, surroundings)

        assert "Cannot write in" in sentence
        assert "accounts.json (Is a directory)" in sentence

    @pytest.mark.parametrize("name", ["", " "])
    def test_needs_a_name(self, capsys: pytest.CaptureFixture[str], name: str) -> None:
        with pytest.raises(SystemExit):
            place.prepare(["--data-dir", name])

        assert "name a folder, or leave --data-dir out" in capsys.readouterr().err


class TestDatabaseSentence:
    @pytest.mark.parametrize(
        ("name", "advice"),
        [
            ("SQLITE_READONLY_DBMOVED", "Give this account the right to write there"),
            ("SQLITE_CANTOPEN", "Give this account the right to write there"),
            ("SQLITE_CORRUPT_INDEX", "python3 manage.py demo --reset --data-dir /elsewhere"),
            ("SQLITE_FULL", "The database cannot be used: the words of the database"),
        ],
    )
    def test_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch, name: str, advice: str) -> None:
        monkeypatch.delenv("REGIE_DATABASE_URL", raising=False)
        error = OperationalError("the words of the database")
        error.__cause__ = sqlite3.OperationalError()
        error.__cause__.sqlite_errorname = name

        assert advice in place.database_sentence(error, data_dir=Path("/elsewhere"))

    def test_never_advises_a_reset_that_does_not_reach_the_data(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REGIE_DATABASE_URL", "postgresql://127.0.0.1:9/nowhere")

        assert "new, empty database" in place.to_start_anew(Path("/elsewhere"))
        assert "--reset" not in place.to_start_anew(Path("/elsewhere"))
        assert "cannot be used" in place.database_sentence(
            DatabaseError("no answer"), data_dir=Path("/elsewhere")
        )


class TestAdvice:
    def test_keeps_the_folder_that_was_given(self, tmp_path: Path) -> None:
        with pytest.raises(SystemExit, match=f"Start it: .* demo --data-dir {tmp_path}"):
            place.prepare(["--codes", "--data-dir", str(tmp_path)])

        busy = place.busy_sentence(65535, data_dir=tmp_path)
        assert busy.endswith(f"python3 manage.py demo --port 65534 --data-dir {tmp_path}")

    def test_leaves_the_usual_folder_out(self) -> None:
        assert place.command(place.USUAL_FOLDER, "--codes") == "python3 manage.py demo --codes"


class TestCodes:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"{}",
            b"[]",
            b"\xff",
            json.dumps({"customers": [3], "notEnrolled": [], "officer": {}}).encode(),
            json.dumps(
                {"customers": [PERSON | {"totpSecret": "1"}], "notEnrolled": [], "officer": {}}
            ).encode(),
        ],
    )
    def test_of_a_damaged_file_say_how_to_get_a_new_one(
        self, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "accounts.json").write_bytes(content)

        with pytest.raises(SystemExit, match="Start the demo, and it writes a new one"):
            place.prepare(["--codes", "--data-dir", str(tmp_path)])

    def test_of_a_file_that_cannot_be_read_say_so(self, tmp_path: Path) -> None:
        (tmp_path / "accounts.json").mkdir()

        with pytest.raises(SystemExit, match=r"accounts.json cannot be read \(Is a directory\)"):
            place.prepare(["--codes", "--data-dir", str(tmp_path)])

    def test_come_with_the_customer_number(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        secret = base64.b32encode(b"12345678901234567890").decode()
        employee = {"email": "o@b.example", "password": "y", "totpSecret": secret}
        found = {
            "customers": [PERSON | {"totpSecret": secret}],
            "notEnrolled": [PERSON | {"reference": "VW-2"}],
            "withoutLogin": [{"reference": "VW-3"}],
            **dict.fromkeys(("officer", "desk", "admin"), employee),
        }
        (tmp_path / "accounts.json").write_text(json.dumps(found))

        with pytest.raises(SystemExit) as ending:
            place.prepare(["--codes", "--data-dir", str(tmp_path)])

        heading, first, second, third, *staff = capsys.readouterr().out.splitlines()
        assert ending.value.code == 0
        assert heading.split("  ")[0] == "log in as"
        assert "customer number" in heading
        assert first.split()[1] == "VW-1"
        assert second.split()[1] == "VW-2"
        assert "VW-3" in third.split()
        assert [one.split()[1] for one in staff] == ["-", "-", "-"]


class TestExampleClient:
    def test_says_where_the_keys_come_from(self, tmp_path: Path) -> None:
        done = ask(f"--accounts={tmp_path / 'accounts.json'}")

        assert done.returncode == 1
        assert done.stderr.startswith(f"There is no {tmp_path / 'accounts.json'}. Start the demo")
