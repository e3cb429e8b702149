"""The witness as its department runs it: a process that says what it is, and that a power cut makes forget nothing."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import pytest

from audit import cosignature
from audit.witness.command import KEY_NAME, main
from audit.witness.memory import FILE_NAME
from tests.audit.witnessing import ORIGIN, VKEY, head, post, question, signers
from tests.processes.databases import A_BUSY_MACHINE, ROOT

NAME = "witness.example/w1"


@contextmanager
def witness(
    folder: Path, *options: str, started: tuple[str, ...] = ("manage.py", "witness")
) -> Iterator[tuple["subprocess.Popen[str]", int, str]]:
    """Start a witness; yield its process, its port and its key. It stops at the end."""
    process = subprocess.Popen(
        [
            *(sys.executable, *started, f"--folder={folder}", f"--name={NAME}"),
            *(f"--log={VKEY}", "--listen=127.0.0.1:0", *options),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        first, second = process.stdout.readline(), process.stdout.readline()
        yield process, int(first.rpartition(":")[2]), second.removeprefix("Its key: ").strip()
    finally:
        process.kill()
        process.communicate(timeout=A_BUSY_MACHINE)


def said(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(options) == 1
    return capsys.readouterr().err


class TestProcess:
    @pytest.mark.processes
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_signs_until_it_is_asked_to_stop(self, tmp_path: Path, number: int) -> None:
        with witness(tmp_path) as (process, port, vkey):
            reply = post(port, question(0, 3))
            process.send_signal(number)
            assert process.wait(timeout=A_BUSY_MACHINE) == 0

        key = cosignature.parse_vkey(vkey)
        assert signers(reply, head(3), witness=key) == [NAME]
        assert (tmp_path / KEY_NAME).stat().st_mode & 0o077 == 0

    @pytest.mark.processes
    @pytest.mark.parametrize(
        ("point", "known"),
        [
            ("between check and store", 3),
            ("in the middle of storing", 3),
            ("between store and answer", 5),
        ],
    )
    def test_that_is_killed_signs_no_second_history(
        self, tmp_path: Path, point: str, known: int
    ) -> None:
        with witness(tmp_path) as (_, port, vkey):
            assert post(port, question(0, 3)).status == 200
        armed = ("-m", "tests.processes.witness", point)
        with witness(tmp_path, started=armed) as (process, port, _):
            with pytest.raises((OSError, HTTPException)):
                post(port, question(3, 5))
            assert process.wait(timeout=A_BUSY_MACHINE) == -signal.SIGKILL

        with witness(tmp_path) as (_, port, again):
            assert again == vkey
            assert post(port, question(0, 5)).text == f"{known}\n"
            forged = post(port, question(known, 5, forged=True))
            assert forged.status == (422 if known < 5 else 409)
            assert post(port, question(known, 5)).status == 200


class TestCommand:
    def test_says_its_key_and_keeps_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        told = []
        for _ in range(2):
            assert main([f"--folder={tmp_path / 'w'}", f"--name={NAME}", "--vkey"]) == 0
            told.append(capsys.readouterr().out)
        assert told[0] == told[1]
        assert cosignature.parse_vkey(told[0].strip()).name == NAME

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ((), "--name or REGIE_WITNESS_NAME"),
            (("--name=a b",), "has no spaces"),
            ((f"--name={NAME}",), "--log (once for each)"),
            ((f"--name={NAME}", "--log=?"), "A verification key reads name+id+key"),
            ((f"--name={NAME}", "--listen=8100"), "use an address and a port"),
            ((f"--name={NAME}", "--listen=127.0.0.1:x"), "use an address and a port"),
            (
                (f"--name={NAME}", f"--log={VKEY}", "--listen=127.0.0.1:99999"),
                "use an address and a port",
            ),
            (
                (f"--name={NAME}", f"--log={VKEY}", "--listen=192.0.2.1:0"),
                "cannot listen on 192.0.2.1:0",
            ),
        ],
    )
    def test_says_in_a_sentence_what_is_missing_or_wrong(
        self,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        options: tuple[str, ...],
        sentence: str,
    ) -> None:
        told = said(capsys, f"--folder={tmp_path}", *options)
        assert sentence in told
        assert told.count("\n") == 1

    @pytest.mark.processes
    def test_says_that_the_port_is_taken(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with witness(tmp_path) as (_, port, _):
            told = said(
                capsys,
                f"--folder={tmp_path}",
                f"--name={NAME}",
                f"--log={VKEY}",
                f"--listen=127.0.0.1:{port}",
            )
        assert f"cannot listen on 127.0.0.1:{port} (Address already in use)" in told

    @pytest.mark.parametrize(
        ("name", "content", "sentence"),
        [
            (KEY_NAME, "no key", "witness.key is damaged. Restore witness.key from your backup."),
            (KEY_NAME, None, "witness.key is gone. Restore witness.key from your backup."),
            (FILE_NAME, "{", "heads.json is damaged. A witness that forgot"),
            (FILE_NAME, None, "heads.json is gone. A witness that forgot"),
        ],
    )
    def test_says_in_a_sentence_that_a_file_is_gone_or_wrong(
        self,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        name: str,
        content: str | None,
        sentence: str,
    ) -> None:
        options = (f"--folder={tmp_path}", f"--name={NAME}", "--vkey")
        assert main(options) == 0
        (tmp_path / FILE_NAME).write_text(f'{{"{ORIGIN}":{{"root":"AA==","size":1}}}}\n')
        (tmp_path / name).unlink()
        if content is not None:
            (tmp_path / name).write_text(content)

        assert sentence in said(capsys, *options)
