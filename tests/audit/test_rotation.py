"""The key of the log makes way for another, whatever cuts it short; what the old one signed stays good."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from audit import (
    checkpoint,
    journal,
    keyfiles,
    logkeys,
    operations,
    proof_file,
    proofs,
    published,
    signers,
    verify,
)
from audit.checkpoint import CheckpointError, Verifier
from audit.events import EventKind
from audit.keyfiles import KeyFileError
from audit.models import Checkpoint, LogEntry, LogKey
from audit.operations import LogBrokenError, RotationError, rotating
from audit.queries import EntryFilter
from audit.signers import LogKeys
from tests.audit import direct_export
from tests.audit.builders import ANNA, NOW, an_event, append, log_of, verified

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.KEYS_DIR = tmp_path / "keys"
    settings.LOG_JOURNAL = tmp_path / "journal"
    return tmp_path / "keys"


def begin() -> LogKey:
    return operations.begin_rotation(at=NOW)


def finish() -> LogKey:
    return operations.finish_rotation(at=NOW)


def newest() -> Checkpoint:
    found = Checkpoint.objects.order_by("-size").first()
    assert found is not None
    return found


def signed_by(note: str) -> list[Verifier]:
    head, signatures = checkpoint.parse_note(note)
    return [
        one.verifier
        for one in logkeys.known().ranges
        if checkpoint.is_signed(head=head, signatures=signatures, verifier=one.verifier)
    ]


class TestRotation:
    def test_lets_both_sign_and_then_the_new_one_alone(self, folder: Path) -> None:
        log_of(3)
        old, private = logkeys.known().newest, (folder / "log.key").read_bytes()

        row = begin()
        new = logkeys.known().newest
        assert (row.vkey, row.from_size, row.to_size) == (new.to_vkey(), 5, None)
        assert signed_by(newest().note) == [old]  # the head that tells of it
        log_of(2)
        assert signed_by(newest().note) == [old, new]
        assert verified().is_sound

        finish()
        assert operations.publish(at=NOW) is None  # nothing is new, and the old key is gone
        assert signed_by(newest().note) == [old, new]  # the head that tells of the end
        log_of(1)
        assert signed_by(newest().note) == [new]
        assert [(one.verifier, one.first, one.last) for one in logkeys.known().ranges] == [
            (old, 0, 7),
            (new, 5, None),
        ]
        assert private not in [path.read_bytes() for path in folder.iterdir()]
        assert {path.name for path in folder.iterdir()} == {"log.key", "master.key"}
        run = verified()
        assert (run.first_fault, run.counted) == ("", 8)

    def test_is_a_line_in_the_log_each_time(self) -> None:
        log_of(1)
        for _ in range(2):
            begin()
            finish()

        kinds = list(
            LogEntry.objects.filter(kind__in=[EventKind.LOG_KEY_ROTATED, EventKind.LOG_KEY_RETIRED])
            .order_by("id")
            .values_list("kind", flat=True)
        )
        assert kinds == [EventKind.LOG_KEY_ROTATED, EventKind.LOG_KEY_RETIRED] * 2
        assert len(logkeys.known().ranges) == 3
        assert verified().is_sound

    def test_begins_in_an_empty_log_too(self) -> None:
        begin()
        finish()
        assert verified().is_sound

    def test_keeps_what_was_signed_before(
        self, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        entry, *_ = log_of(3)
        old_proof = proofs.proof_of(uid=entry.uid, subject_id=ANNA)
        old_note, old_vkey = newest().note, logkeys.known().newest.to_vkey()
        begin()
        log_of(1)
        both = proofs.proof_of(uid=entry.uid, subject_id=ANNA)
        finish()
        log_of(1)
        new_proof = proofs.proof_of(uid=entry.uid, subject_id=ANNA)

        everything = proofs.signers()
        for file in (old_proof, both, new_proof):
            assert proof_file.check(file, verifier=everything).leaf.uid == entry.uid
        old, new = checkpoint.parse_vkey(old_vkey), everything.newest
        assert proof_file.check(both, verifier=old).leaf.uid == entry.uid
        assert proof_file.check(both, verifier=new).leaf.uid == entry.uid
        for file, one in ((old_proof, new), (new_proof, old)):
            with pytest.raises(proof_file.ProofFileError, match="names another key"):
                proof_file.check(file, verifier=one)
        assert (old_proof.vkey, new_proof.vkey) == (old_vkey, new.to_vkey())
        assert proofs.continues(everything.head_of(old_note)).size == newest().size

        keys, path = tmp_path / "keys.txt", tmp_path / "bewijs.json"
        keys.write_text(published.keys().to_text())
        for file, options, code in (
            (old_proof, [f"--keys={keys}"], 0),
            (new_proof, [f"--keys={keys}"], 0),
            (old_proof, [f"--vkey={old_vkey}"], 0),
            (old_proof, [f"--vkey={new.to_vkey()}"], 1),
            (both, [f"--vkey={old_vkey}"], 0),
            (both, [f"--vkey={new.to_vkey()}"], 0),
        ):
            path.write_bytes(file.to_bytes())
            assert verify.main([str(path), *options]) == code
        keys.write_text("?")
        assert verify.main([str(path), f"--keys={keys}"]) == 2
        assert "--keys, line 1: this is not an Ed25519 key" in capsys.readouterr().out

    def test_refuses_what_the_old_key_signs_after_its_end(self, folder: Path) -> None:
        log_of(3)
        stolen = keyfiles.signing_key(folder / "log.key")
        begin()
        finish()
        log_of(5)
        stored = newest()
        head = checkpoint.parse_note(stored.note)[0]

        with pytest.raises(CheckpointError, match="does not count for a log of"):
            logkeys.known().head_of(checkpoint.sign(head=head, key=stolen))

    def test_ends_an_export_with_the_key_that_signs(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        log_of(3)
        begin()
        exported = []
        for step in (log_of, lambda _: finish(), log_of):
            content = b"".join(direct_export.json_lines(selected=EntryFilter(), at=NOW))
            exported.append(content)
            step(1)
        exported.append(b"".join(direct_export.json_lines(selected=EntryFilter(), at=NOW)))

        known = published.keys()
        vkeys = [json.loads(content.split(b"\n")[0])["vkey"] for content in exported]
        old, new = (one.verifier.to_vkey() for one in known.ranges)
        assert vkeys == [old, new, new, new]
        path, keys = tmp_path / "export.jsonl", tmp_path / "keys.txt"
        keys.write_text(known.to_text())
        for content in exported:
            path.write_bytes(content)
            assert verify.main([str(path), f"--keys={keys}"]) == 0
        narrow = LogKeys((known.ranges[0], signers.KeyRange(verifier=known.newest, first=99)))
        keys.write_text(narrow.to_text())
        assert verify.main([str(path), f"--keys={keys}"]) == 1
        assert "does not count for a log of" in capsys.readouterr().out

    def test_is_refused_to_an_export_that_a_key_signed_out_of_its_range(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The head is that of the log, and the rest is of whoever has the old key."""
        log_of(3)
        private, old = (folder / "log.key").read_bytes(), logkeys.known().newest.to_vkey()
        begin()
        finish()
        log_of(3)
        current = (folder / "log.key").read_bytes()
        content = b"".join(direct_export.json_lines(selected=EntryFilter(), at=NOW))
        first, rest = content.split(b"\n", 1)
        forged = first.replace(logkeys.known().newest.to_vkey().encode(), old.encode())
        assert private != current
        content = forged + b"\n" + rest
        path, keys = tmp_path / "export.jsonl", tmp_path / "keys.txt"
        path.write_bytes(content)
        keys.write_text(published.keys().to_text())
        assert verify.main([str(path), f"--keys={keys}"]) == 1
        assert "it is not signed by the key of the log" in capsys.readouterr().out


class TestPublished:
    def test_keys_are_listed_with_their_ranges(self) -> None:
        log_of(3)
        vkey = logkeys.known().newest.to_vkey()
        assert published.keys().to_text() == f"{vkey}\n"
        begin()
        finish()

        first, blank, *lines = published.keys().to_text().splitlines()
        assert (first, blank) == (logkeys.known().newest.to_vkey(), "")
        assert lines == [f"{vkey} 0 5", f"{first} 5 -"]
        assert signers.parse(published.keys().to_text()) == logkeys.known()
        assert published.policy().splitlines() == [f"log {vkey}", f"log {first}", "quorum none"]


class Killed(BaseException):
    """No handler catches this, as none runs when a process is killed."""


def killed_at(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, do: Callable[[], object], *, after: bool = False) -> None:  # fmt: skip
    """Run until this function is called (or was), and not a step further."""
    original = getattr(place, name)

    def dying(*args: Any, **kwargs: Any) -> None:
        if after:
            original(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(place, name, dying)
        with pytest.raises(Killed):
            do()


STEPS_OF_BEGIN: list[tuple[Any, str, bool]] = [
    (rotating, "_told", False),
    (rotating, "_append", False),
    (rotating, "_append", True),
    (rotating, "_told", True),
    (rotating, "settle", True),
    (rotating, "_signed_size", False),
    (LogKey, "save", False),
    (LogKey, "save", True),
]
STEPS_OF_FINISH: list[tuple[Any, str, bool]] = [
    (rotating, "_append", False),
    (rotating, "_retired", True),
    (rotating, "settle", True),
    (LogKey, "save", True),
    (logkeys, "replace_file", False),
    (logkeys.Path, "replace", False),  # type: ignore[attr-defined]
    (logkeys.Path, "replace", True),  # type: ignore[attr-defined]
]


class TestCutShort:
    @pytest.mark.parametrize(("place", "name", "after"), STEPS_OF_BEGIN)
    def test_it_begins_from_where_it_was(
        self,
        monkeypatch: pytest.MonkeyPatch,
        place: Any,
        name: str,
        after: bool,  # noqa: FBT001
    ) -> None:
        log_of(3)
        old = logkeys.known().newest
        killed_at(monkeypatch, place, name, begin, after=after)
        log_of(1)
        assert verified().is_sound
        begin()

        log_of(1)
        assert signed_by(newest().note) == [old, logkeys.known().newest]
        assert LogEntry.objects.filter(kind=EventKind.LOG_KEY_ROTATED).count() == 1
        assert verified().is_sound

    @pytest.mark.parametrize(("place", "name", "after"), STEPS_OF_FINISH)
    def test_it_ends_from_where_it_was(
        self,
        monkeypatch: pytest.MonkeyPatch,
        folder: Path,
        place: Any,
        name: str,
        after: bool,  # noqa: FBT001
    ) -> None:
        log_of(3)
        old, new = logkeys.known().newest, begin()
        killed_at(monkeypatch, place, name, finish, after=after)
        log_of(1)
        assert verified().is_sound
        if (name, after, place is logkeys.Path) == ("replace", True, True):  # type: ignore[attr-defined]
            with pytest.raises(RotationError, match="No other key signs yet"):
                finish()
        else:
            assert finish().vkey == new.vkey

        log_of(1)
        assert [one.to_vkey() for one in signed_by(newest().note)] == [new.vkey]
        assert logkeys.known().ranges[0].verifier == old
        assert LogEntry.objects.filter(kind=EventKind.LOG_KEY_RETIRED).count() == 1
        assert {path.name for path in folder.iterdir()} == {"log.key", "master.key"}
        assert verified().is_sound


class TestRefusal:
    def test_to_begin_twice(self) -> None:
        log_of(1)
        begin()
        with pytest.raises(RotationError, match="Both keys sign already"):
            begin()

    def test_to_end_what_did_not_begin(self) -> None:
        log_of(1)
        with pytest.raises(RotationError, match="No other key signs yet"):
            finish()

    def test_when_the_next_key_is_another_one(
        self, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        log_of(1)
        killed_at(monkeypatch, rotating, "settle", begin)
        (folder / "log-next.key").write_bytes(keyfiles.new_signing_key())
        with pytest.raises(RotationError, match=r"Restore log-next\.key"):
            begin()

    def test_when_another_process_has_the_head(self, monkeypatch: pytest.MonkeyPatch) -> None:
        log_of(1)
        with monkeypatch.context() as patched:
            patched.setattr(rotating, "settle", lambda *, at: None)
            with pytest.raises(RotationError, match="Run the same command again"):
                begin()
        begin()

    def test_to_sign_without_one_of_two_keys(self, folder: Path) -> None:
        log_of(1)
        begin()
        (folder / "log-next.key").unlink()
        append(an_event())
        with pytest.raises(KeyFileError, match=r"Restore log\.key, and log-next\.key"):
            operations.settle(at=NOW)

    def test_to_sign_with_the_old_key_alone_after_its_end(self, folder: Path) -> None:
        log_of(1)
        old = (folder / "log.key").read_bytes()
        begin()
        finish()
        (folder / "log.key").write_bytes(old)
        append(an_event())
        with pytest.raises(KeyFileError, match="No file in"):
            operations.settle(at=NOW)

    def test_to_go_on_from_a_journal_line_that_the_old_key_signed_too_late(
        self, folder: Path, settings: Settings
    ) -> None:
        log_of(1)
        stolen = keyfiles.signing_key(folder / "log.key")
        begin()
        finish()
        log_of(1)
        head = checkpoint.parse_note(newest().note)[0]
        assert settings.LOG_JOURNAL
        with journal.opened(settings.LOG_JOURNAL) as kept:
            kept.append(checkpoint.sign(head=head, key=stolen))
        append(an_event())
        with pytest.raises(LogBrokenError, match="does not count for a log of"):
            operations.settle(at=NOW)


class TestCommand:
    def said(self, *options: str) -> str:
        out = StringIO()
        call_command("rotate_log_key", *options, stdout=out)
        return out.getvalue()

    def test_says_what_to_do_next_and_what_was_done(self) -> None:
        log_of(1)
        begun = self.said()
        vkey = logkeys.known().newest.to_vkey()
        assert "From size 3 on this key signs as well" in begun
        assert vkey in begun
        assert "rotate_log_key --finish" in begun
        assert f"signs alone, and the old one was destroyed:\n{vkey}" in self.said("--finish")

    def test_says_why_it_cannot(self) -> None:
        with pytest.raises(CommandError, match=r"Begin with: python3 manage\.py rotate_log_key"):
            self.said("--finish")
