"""Yesterday's backup comes back (test list 14): nothing is signed, until the log goes on under another name and tells it."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from audit import checkpoint, journal, logkeys, operations, proof_file, proofs, published, triggers
from audit import queries as log
from audit.events import EventKind
from audit.keyfiles import KeyFileError
from audit.models import Checkpoint, LogEntry, LogKey
from audit.operations import restarting, rotating
from tests.audit.builders import ANNA, NOW, an_event, append, lift_triggers, log_of, verified
from tests.audit.test_rotation import killed_at
from tests.audit.test_witnessing import cut_back_to

pytestmark = pytest.mark.django_db

NEW = "regie.example/log-2"


@pytest.fixture(autouse=True)
def path(settings: Settings, tmp_path: Path) -> Path:
    settings.KEYS_DIR = tmp_path / "keys"
    settings.LOG_JOURNAL = tmp_path / "journal"
    return tmp_path / "journal"


def restore_yesterday(size: int) -> None:
    """Leave in the database what a backup of that moment holds."""
    lift_triggers()
    Checkpoint.objects.filter(size__gt=size)._raw_delete("default")
    cut_back_to(size)
    connection.check_constraints()
    triggers.install(connection)


def restart(settings: Settings, *, name: str = NEW) -> str:
    settings.LOG_ORIGIN = name
    out = StringIO()
    call_command("restart_log", "--incident", "A backup was restored.", stdout=out)
    return out.getvalue()


class TestRestoredBackup:
    def test_signs_nothing_and_says_why(self) -> None:
        log_of(3)
        log_of(4)
        restore_yesterday(3)
        append(an_event())

        with pytest.raises(CommandError, match="Was a backup restored") as refused:
            call_command("settle_log")
        assert refused.value.returncode == 1
        assert Checkpoint.objects.count() == 1
        assert "signed head of 7 entries" in verified().first_fault

    def test_goes_on_under_another_name_that_quotes_what_was_lost(
        self, settings: Settings, path: Path
    ) -> None:
        entry, *_ = log_of(3)
        kept = proofs.proof_of(uid=entry.uid, subject_id=ANNA)
        lost_entry, *_ = log_of(4)
        lost, signed_last = (
            proofs.proof_of(uid=lost_entry.uid, subject_id=ANNA),
            published.checkpoint(),
        )
        before = path.read_bytes()
        restore_yesterday(3)

        said = restart(settings)

        assert f"The log goes on from size 4:\n{NEW}\n4\n" in said
        told = LogEntry.objects.get(kind=EventKind.LOG_RESTARTED)
        assert told.place.index == 3
        internal = log.view_of(log.ROWS.get(pk=told.pk)).internal
        assert internal is not None
        assert (internal["lastSigned"], internal["left"]) == (signed_last, 3)
        assert internal["incident"] == "A backup was restored."
        assert path.with_name("journal-until-7").read_bytes() == before
        log_of(4)
        run = verified()
        assert run.first_fault == ""
        newest = Checkpoint.objects.order_by("-size")[0]
        assert newest.size > 7  # as long as what was lost, and longer
        assert newest.note.startswith(f"{NEW}\n{newest.size}\n")
        keys = proofs.signers()
        assert proof_file.check(kept, verifier=keys).head.origin == "regie.example/log"
        assert proofs.continues(proof_file.check(kept, verifier=keys).head).size == newest.size
        with pytest.raises(proof_file.ProofFileError, match="does not count for a log of 7"):
            proof_file.check(lost, verifier=keys)
        assert [one.verifier.name for one in keys.ranges] == ["regie.example/log", NEW]
        assert published.keys().to_text().startswith(f"{NEW}+")

    def test_goes_on_when_only_the_key_was_known_to_others(
        self, settings: Settings, path: Path
    ) -> None:
        log_of(3)
        assert "from size 4" in restart(settings)
        assert len(path.read_bytes().splitlines()) == 2
        operations.begin_rotation(at=NOW)
        operations.finish_rotation(at=NOW)
        assert verified().is_sound

    def test_goes_on_when_both_keys_signed(self, settings: Settings) -> None:
        log_of(3)
        operations.begin_rotation(at=NOW)
        log_of(1)
        log_of(1)
        restore_yesterday(5)
        restart(settings)
        log_of(1)
        assert verified().is_sound
        ranges = logkeys.known().ranges
        assert [(one.first, one.last) for one in ranges] == [(0, 5), (5, 5), (6, None)]

    def test_goes_on_when_the_second_key_signed_nothing_yet(self, settings: Settings) -> None:
        log_of(3)
        operations.begin_rotation(at=NOW)
        restart(settings)
        log_of(1)
        assert verified().is_sound
        ranges = logkeys.known().ranges
        assert [(one.first, one.last) for one in ranges] == [(0, 4), (5, 4), (5, None)]

    def test_goes_on_a_second_time(self, settings: Settings) -> None:
        log_of(3)
        restart(settings)
        restart(settings, name="regie.example/log-3")
        assert verified().is_sound
        assert logkeys.first_size() == 5

    @pytest.mark.parametrize(
        "point",
        [
            (restarting, "_told", False), (restarting, "append", False), (restarting, "_told", True),
            (journal.os, "link", False), (journal.os, "link", True),  # type: ignore[attr-defined]
            (journal, "begin_again", True), (restarting, "settle", False),
        ],
    )  # fmt: skip
    def test_goes_on_from_where_it_was_cut_short(
        self,
        monkeypatch: pytest.MonkeyPatch,
        settings: Settings,
        path: Path,
        point: tuple[Any, str, bool],
    ) -> None:
        place, name, after = point
        log_of(3)
        log_of(4)
        restore_yesterday(3)
        killed_at(monkeypatch, place, name, lambda: restart(settings), after=after)
        assert Checkpoint.objects.count() == 1
        assert path.exists()

        restart(settings)

        assert LogEntry.objects.filter(kind=EventKind.LOG_RESTARTED).count() == 1
        assert verified().is_sound
        assert path.with_name("journal-until-7").exists()
        with pytest.raises(CommandError, match="Choose another name"):
            restart(settings)


class TestRefusal:
    def refused(self, settings: Settings, said: str, *, name: str = NEW) -> None:
        before = LogKey.objects.count()
        with pytest.raises(CommandError, match=said):
            restart(settings, name=name)
        assert LogKey.objects.count() == before

    def test_under_the_same_name(self, settings: Settings) -> None:
        log_of(3)
        self.refused(settings, "set REGIE_LOG_ORIGIN", name="regie.example/log")

    def test_without_a_journal(self, settings: Settings, path: Path) -> None:
        log_of(3)
        path.unlink()
        self.refused(settings, "There is no journal")
        settings.LOG_JOURNAL = None
        self.refused(settings, "There is no journal")

    def test_of_what_is_not_whole(self, settings: Settings) -> None:
        log_of(3)
        lift_triggers()
        LogEntry.objects.filter(place__index=1).update(leaf=b"x")
        self.refused(settings, "The log is not whole")

    def test_without_anything_that_was_signed(self, settings: Settings) -> None:
        log_of(3)
        restore_yesterday(0)
        self.refused(settings, "holds no signed head")

    def test_with_the_journal_of_somebody_else(self, settings: Settings, path: Path) -> None:
        log_of(3)
        text = path.read_text()
        path.write_text(re.sub("log.n3", "other.n3", text))
        self.refused(settings, "is not of this log")

    def test_while_a_key_was_told_of_and_does_not_sign(
        self, monkeypatch: pytest.MonkeyPatch, settings: Settings
    ) -> None:
        log_of(3)
        killed_at(monkeypatch, rotating, "settle", lambda: operations.begin_rotation(at=NOW))
        self.refused(settings, "does not sign yet")

    def test_when_the_journal_cannot_be_put_aside(self, settings: Settings, path: Path) -> None:
        log_of(3)
        log_of(4)
        restore_yesterday(3)
        path.with_name("journal-until-7").touch()
        with pytest.raises(CommandError, match="journal-until-7 cannot be"):
            restart(settings)

    def test_to_sign_under_the_old_name_afterwards(self, settings: Settings) -> None:
        log_of(3)
        restart(settings)
        settings.LOG_ORIGIN = "regie.example/log"
        append(an_event())
        with pytest.raises(KeyFileError, match="Set REGIE_LOG_ORIGIN to that"):
            operations.settle(at=NOW)

    def test_is_told_when_another_process_signs(
        self, monkeypatch: pytest.MonkeyPatch, settings: Settings
    ) -> None:
        log_of(3)
        monkeypatch.setattr(restarting, "settle", lambda *, at: None)
        assert "Another process signs" in restart(settings)


class TestForgedRestart:
    def test_is_found(self, settings: Settings) -> None:
        log_of(3)
        restart(settings)
        row = LogKey.objects.order_by("-id")[0]
        lift_triggers()
        for change, said in (
            ({"from_size": 3}, "does not count"),
            ({"vkey": row.vkey.replace("log-2", "log-9")}, "of another log"),
            ({"entry": None}, "audit_logkey, key"),
        ):
            LogKey.objects.filter(pk=row.pk).update(**change)
            assert said in verified().first_fault
            row.save()
        assert checkpoint.parse_vkey(row.vkey).name == NEW
