"""The publisher signs nothing that its journal, outside the database, does not go along with."""

import json
from io import StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import Settings

from audit import checkpoint, journal, logkeys, operations, publishing
from audit.events import EventKind
from audit.models import Checkpoint, LogEntry
from audit.operations import LogBrokenError
from tests.audit.builders import NOW, an_event, append, lifted_triggers, log_of, verified

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def path(settings: Settings, tmp_path: Path) -> Path:
    kept = tmp_path / "log" / "journal"
    settings.LOG_JOURNAL = kept
    return kept


def notes(path: Path) -> list[str]:
    return [json.loads(line)["note"] for line in path.read_bytes().splitlines()]


def signed(*, size: int, origin: str = "regie.example/log", own: bool = True) -> str:
    """Return a head that our key signed (or another one), of a log that is not in the database."""
    key = logkeys.log_key() if own else Ed25519PrivateKey.generate()
    return checkpoint.sign(head=checkpoint.Head(origin=origin, size=size, root=bytes(32)), key=key)


def remember(path: Path, note: str) -> None:
    with journal.opened(path) as kept:
        kept.append(note)


class TestSigning:
    def test_writes_each_signed_head_to_the_journal(self, path: Path) -> None:
        for size in (2, 1, 3):
            log_of(size)

        stored = Checkpoint.objects.order_by("size").values_list("note", flat=True)
        assert notes(path) == list(stored)
        assert len(stored) == 3
        assert verified().is_sound

    def test_writes_nothing_when_nothing_is_new(self, path: Path) -> None:
        log_of(2)

        assert operations.publish(at=NOW) is None
        assert len(notes(path)) == 1

    def test_is_never_part_of_what_may_be_rolled_back(self) -> None:
        append(an_event())

        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            operations.settle(at=NOW)


class TestCrash:
    def test_between_the_commit_and_the_journal_is_made_good(self, path: Path) -> None:
        log_of(2)
        log_of(1)
        whole = path.read_bytes()
        path.write_bytes(whole.splitlines(keepends=True)[0])

        assert verified().is_sound
        assert operations.publish(at=NOW) is None
        assert path.read_bytes() == whole

    def test_before_the_first_line_of_the_journal_is_made_good(self, path: Path) -> None:
        log_of(2)
        whole = path.read_bytes()
        path.write_bytes(b"")

        log_of(1)
        assert path.read_bytes().startswith(whole)
        assert len(notes(path)) == 2


class TestDisagreement:
    def refused(self, said: str) -> None:
        append(an_event())
        before = Checkpoint.objects.count()
        with pytest.raises(LogBrokenError, match=said):
            operations.settle(at=NOW)
        assert Checkpoint.objects.count() == before
        run = verified()
        assert run.faults == 1
        assert LogEntry.objects.filter(pending=None).count() == LogEntry.objects.count()

    def test_a_journal_that_is_ahead_stops_everything(self, path: Path) -> None:
        """As after a backup of the database was restored."""
        log_of(2)
        remember(path, signed(size=9))

        self.refused("Was a backup restored?")

    def test_another_head_of_the_same_size_stops_everything(self, path: Path) -> None:
        """As after the database was rewritten and signed again with the real key."""
        log_of(2)
        path.write_bytes(b"")
        remember(path, signed(size=2))

        self.refused("disagree about the first 2 entries")

    @pytest.mark.parametrize("note", ["", "no head"])
    def test_a_line_that_is_no_head_stops_everything(self, path: Path, note: str) -> None:
        log_of(2)
        remember(path, note)

        self.refused("The last head in the journal")

    def test_a_journal_of_another_log_stops_everything(self, path: Path) -> None:
        log_of(2)
        remember(path, signed(size=2, origin="other.example/log"))

        self.refused("of another log")

    def test_a_head_that_somebody_else_signed_stops_everything(self, path: Path) -> None:
        log_of(2)
        remember(path, signed(size=2, own=False))

        self.refused("not signed by the key")

    def test_lines_that_were_taken_away_stop_everything(self, path: Path) -> None:
        for size in (2, 1, 1):
            log_of(size)
        path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])

        self.refused("The journal lost signed heads")

    def test_a_journal_that_is_gone_stops_everything(self, path: Path) -> None:
        log_of(2)
        path.unlink()

        self.refused("restart_journal")

    def test_a_damaged_journal_stops_everything(self, path: Path) -> None:
        log_of(2)
        path.write_bytes(path.read_bytes().replace(b"note", b"nope"))

        self.refused("is not the journal of a log")


class TestJournalThatCannotBeWritten:
    def test_stops_the_signing_and_nothing_else(self, settings: Settings, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        settings.LOG_JOURNAL = tmp_path / "file" / "journal"

        append(an_event())
        with pytest.raises(LogBrokenError, match="cannot be read or written"):
            operations.settle(at=NOW)
        assert LogEntry.objects.exclude(place=None).count() == 1


class TestRestart:
    def run(self) -> str:
        out = StringIO()
        call_command("restart_journal", stdout=out)
        return out.getvalue()

    def test_begins_with_the_newest_head_and_is_a_line_in_the_log(self, path: Path) -> None:
        log_of(3)
        path.unlink()

        assert self.run() == "The journal begins with the signed head of 3 entries.\n"
        operations.settle(at=NOW)
        assert len(notes(path)) == 2
        assert verified().is_sound
        assert LogEntry.objects.filter(kind=EventKind.JOURNAL_RESTARTED).count() == 1

    def test_throws_no_journal_away(self, path: Path) -> None:
        log_of(3)

        with pytest.raises(CommandError, match="Move it away first"):
            self.run()
        assert len(notes(path)) == 1

    def test_begins_nothing_before_something_was_signed(self, path: Path) -> None:
        assert "begins by itself" in self.run()
        assert not path.exists()

    def test_is_refused_for_a_log_that_is_not_whole(self, path: Path) -> None:
        from audit.models import LogHead

        log_of(3)
        path.unlink()
        LogHead.objects.create(id=2, size=0, root=bytes(32))

        with pytest.raises(CommandError, match="The log is not whole"):
            self.run()
        assert not path.exists()


class TestWithoutAJournal:
    def test_there_is_nothing_to_disagree_with(self, settings: Settings) -> None:
        settings.LOG_JOURNAL = None
        log_of(2)

        assert publishing.journal_fault() == ""
        assert publishing.restart_journal() is None


class TestHeadsThatTheDatabaseLost:
    def test_are_found_by_the_verification(self, path: Path) -> None:
        for size in (2, 1, 3):
            log_of(size)

        with lifted_triggers():
            Checkpoint.objects.filter(size=3)._raw_delete("default")
            run = verified()

        assert (run.faults, run.first_fault[:39]) == (1, "Table audit_checkpoint, checkpoint 3: t")

    def test_are_none_when_nothing_was_signed(self) -> None:
        assert verified().is_sound

    def test_are_none_while_a_crash_left_half_a_line(self, path: Path) -> None:
        log_of(2)
        with path.open("ab") as kept:
            kept.write(b'{"note":"half')

        assert verified().is_sound

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            (b"no line", "Line 2 of"),
            (b'{"note":"no head"}', "A checkpoint has three lines"),
        ],
    )
    def test_cannot_be_counted_when_the_journal_was_damaged_in_the_middle(
        self, path: Path, line: bytes, said: str
    ) -> None:
        log_of(2)
        log_of(1)
        first, second = path.read_bytes().splitlines()
        path.write_bytes(b"\n".join([first, line, second, b""]))

        run = verified()

        assert "cannot be compared with the log" in run.first_fault
        assert said in run.first_fault
