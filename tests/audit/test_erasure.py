"""The destruction of a key: an event in the log, in the same transaction, or it did not happen."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core.checks import CheckMessage, run_checks
from django.db import IntegrityError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from audit import erasure_journal, keyring, operations, proofs, queries, verify
from audit.checkpoint import Head
from audit.checks import _KEYS, erased_stays_erased
from audit.events import Actor, EventKind
from audit.journal import JournalError
from audit.leaf import parse_leaf, subject_tag
from audit.models import Checkpoint, Erasure, Key, LogEntry, Payload, Tile
from audit.tasks import expire_months
from tests.audit import direct_export
from tests.audit.builders import (
    ANNA,
    BRAM,
    NOW,
    an_event,
    append,
    lifted_triggers,
    log_of,
    narrow_tiles,
    undone,
    verified,
)

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=30)


@pytest.fixture
def key() -> Key:
    append(an_event())
    return keyring.living_key(owner_id=ANNA, at=NOW)


class TestDestroyKey:
    def test_erases_what_the_key_sealed(self, key: Key) -> None:
        sealed = keyring.seal(key=key, plaintext=b"Anna", context="name")

        operations.destroy_key(key=key, at=LATER)

        key.refresh_from_db()
        assert (key.wrapped, key.destroyed_at) == (None, LATER)
        with pytest.raises(keyring.KeyDestroyedError):
            keyring.open_sealed(key=key, sealed=sealed, context="name")

    def test_is_a_line_in_the_log_that_names_the_key_and_nobody(self, key: Key) -> None:
        operations.destroy_key(key=key, at=LATER, actor=Actor.OFFICER)

        line = queries.entries(filter=queries.EntryFilter(), before=None, limit=1)[0]
        assert (line.kind, line.actor) == (EventKind.KEY_DESTROYED, Actor.OFFICER)
        assert (line.subject_id, line.shown) == (None, {})
        named = {"key": str(key.pk), "kind": "owner", "month": ""}
        assert line.internal == named | {"entries": 1, "request": ""}
        erasure = Erasure.objects.get()
        assert (erasure.key, erasure.kind, erasure.at) == (key, "owner", LATER)
        assert erasure.entry.uid == line.uid

    def test_of_a_month_names_the_month(self, key: Key) -> None:
        month = keyring.month_key(at=NOW)

        operations.destroy_key(key=month, at=LATER)

        line = queries.entries(filter=queries.EntryFilter(), before=None, limit=1)[0]
        named = {"key": str(month.pk), "kind": "month", "month": "2026-11"}
        assert line.internal == named | {"entries": 1, "request": ""}

    def test_is_harmless_the_second_time(self, key: Key) -> None:
        operations.destroy_key(key=key, at=NOW)
        operations.destroy_key(key=key, at=LATER)

        assert Erasure.objects.get().at == NOW
        assert LogEntry.objects.filter(kind=EventKind.KEY_DESTROYED).count() == 1

    @pytest.mark.parametrize("days", [0, 30])
    def test_of_a_month_that_is_not_over_is_refused(self, key: Key, days: int) -> None:
        month = keyring.month_key(at=NOW + timedelta(days=days))

        with pytest.raises(operations.MonthNotOverError):
            operations.destroy_key(key=month, at=NOW)

        month.refresh_from_db()
        assert month.destroyed_at is None
        assert not Erasure.objects.exists()

    def test_happens_whole_or_not_at_all(self, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(**_later: object) -> None:
            raise IntegrityError

        monkeypatch.setattr(keyring, "destroy", fail)

        with pytest.raises(IntegrityError), transaction.atomic():
            operations.destroy_key(key=key, at=NOW)

        assert not Erasure.objects.exists()
        assert not LogEntry.objects.filter(kind=EventKind.KEY_DESTROYED).exists()


CODES = {"purpose": "", "data_category": "", "recipient": "", "outcome": ""}


def rows(*, of_anna: bool) -> list[Any]:
    about = Payload.objects.filter(subject_key__owner_id=ANNA)
    found = about if of_anna else Payload.objects.exclude(pk__in=about)
    return list(found.order_by("pk").values())


class TestWhatIsLeft:
    """Test 20 of the design, but for what only a whole installation can show (tests/processes)."""

    @pytest.fixture(autouse=True)
    def _log(self, monkeypatch: pytest.MonkeyPatch) -> None:
        narrow_tiles(monkeypatch)
        log_of(6)
        append(an_event(outcome="given", recipient="storingsdienst", shown={"notice": 3}))
        operations.settle(at=NOW)

    def erase(self, *, at: datetime = LATER) -> Key:
        key = keyring.living_key(owner_id=ANNA, at=NOW)
        operations.destroy_key(key=key, at=at, request="AVG-1")
        operations.settle(at=at)
        key.refresh_from_db()
        return key

    def test_of_a_payload_is_the_part_that_only_officers_read(self) -> None:
        before = rows(of_anna=True)

        self.erase()

        assert rows(of_anna=True) == [row | CODES | {"subject_part": None} for row in before]
        newest, oldest = (
            queries.entries(
                filter=queries.EntryFilter(kind="consent.record.given"), before=None, limit=9
            )
        )[::6]
        for line in (newest, oldest):
            assert (line.shown, line.subject_id, line.is_erased) == (None, None, True)
            assert line.internal == {"channel": "portal"}

    def test_is_everything_of_everyone_else(self) -> None:
        leaves = list(LogEntry.objects.values_list("leaf", "place__hash"))
        tiles, others = list(Tile.objects.values()), rows(of_anna=False)

        self.erase()

        assert list(LogEntry.objects.values_list("leaf", "place__hash"))[:7] == leaves
        assert list(Tile.objects.values())[: len(tiles)] == tiles
        assert rows(of_anna=False)[: len(others)] == others
        run = verified()
        assert (run.first_fault, run.counted) == ("", 8)
        assert proofs.continues(self.head_of(7)).size == 8

    def head_of(self, size: int) -> Head:
        stored = Checkpoint.objects.get(size=size)
        return Head(origin="regie.example/log", size=size, root=bytes(stored.root))

    def test_is_the_proof_that_was_downloaded_before(self, tmp_path: Path) -> None:
        files = {}
        for owner in (ANNA, BRAM):
            entry = LogEntry.objects.filter(payload__subject_key__owner_id=owner).first()
            assert entry is not None
            files[owner] = proofs.proof_of(uid=entry.uid, subject_id=owner)

        self.erase()

        for owner, kept in files.items():
            path = tmp_path / f"{owner}.json"
            path.write_bytes(kept.to_bytes())
            assert verify.main([str(path), "--vkey", kept.vkey]) == 0
        with pytest.raises(proofs.NotProvableError):
            proofs.proof_of(uid=parse_leaf(files[ANNA].leaf.encode()).uid, subject_id=ANNA)
        bram = parse_leaf(files[BRAM].leaf.encode())
        assert proofs.proof_of(uid=bram.uid, subject_id=BRAM).leaf == files[BRAM].leaf

    def test_is_no_tag_that_can_be_computed(self) -> None:
        leaf = parse_leaf(bytes(LogEntry.objects.order_by("pk")[0].leaf))
        key = keyring.living_key(owner_id=ANNA, at=NOW)
        assert subject_tag(tag_key=keyring.tag_key(key), uid=leaf.uid) == leaf.subject_tag

        erased = self.erase()

        with pytest.raises(keyring.KeyDestroyedError):
            keyring.tag_key(erased)
        again = keyring.living_key(owner_id=ANNA, at=LATER)
        assert subject_tag(tag_key=keyring.tag_key(again), uid=leaf.uid) != leaf.subject_tag

    def test_is_shown_as_erased_in_an_export(self) -> None:
        self.erase()
        everything = queries.EntryFilter()

        content = b"".join(direct_export.table(selected=everything)).decode("utf-8-sig")
        lines = b"".join(direct_export.json_lines(selected=everything, at=LATER)).splitlines()

        cells = list(csv.DictReader(io.StringIO(content)))
        assert [cell["shown"] for cell in cells].count("erased") == 3
        assert str(ANNA) not in content
        first = json.loads(lines[1])
        assert (first["shown"], first["shownOpening"]) == (None, None)
        assert first["internal"] == {"channel": "portal"}

    def test_is_sealed_by_a_new_key_when_it_comes_later(self) -> None:
        old = self.erase()

        append(an_event(at=LATER))
        operations.settle(at=LATER)

        new = Payload.objects.latest("pk").subject_key
        assert new is not None
        assert (new.owner_id, new.pk == old.pk) == (ANNA, False)
        assert verified().first_fault == ""

    def test_says_how_many_entries_it_was(self) -> None:
        self.erase()

        erasure = Erasure.objects.get()
        assert (erasure.request, erasure.entries) == ("AVG-1", 3)
        assert queries.carried_out("AVG-1") == LATER
        assert queries.carried_out("AVG-2") is None


class TestForgedErasure:
    """Whoever lifts the triggers and hides a line of somebody else behind an erasure is found."""

    @pytest.fixture(autouse=True)
    def _log(self) -> None:
        log_of(6)
        key = keyring.living_key(owner_id=ANNA, at=NOW)
        operations.destroy_key(key=key, at=NOW)
        operations.settle(at=NOW)

    @pytest.mark.parametrize(
        ("forge", "expected"),
        [
            (
                lambda of_bram, key: of_bram.update(subject_key=key),
                "3 entries were sealed by it, and the log says 2",
            ),
            (
                lambda of_bram, key: of_bram.update(subject_key=key, subject_part=None, **CODES),
                "3 entries were sealed by it, and the log says 2",
            ),
            (
                lambda of_bram, key: of_bram.update(subject_part=None, **CODES),
                "the part for the data subject is missing",
            ),
            (
                lambda of_bram, key: Payload.objects.filter(subject_key=key).update(purpose="x"),
                "column purpose: it is not what the sealed payload says",
            ),
            (
                lambda of_bram, key: Erasure.objects.update(entries=5),
                "or tells something else about it",
            ),
            (
                lambda of_bram, key: Erasure.objects.update(request="AVG-2"),
                "or tells something else about it",
            ),
            (
                lambda of_bram, key: Erasure.objects.update(entries=None),
                "or tells something else about it",
            ),
        ],
    )
    def test_is_found(self, forge: Callable[..., object], expected: str) -> None:
        key = Key.objects.exclude(destroyed_at=None).get()
        first = Payload.objects.filter(subject_key__owner_id=BRAM).order_by("pk")[:1]
        connection.check_constraints()

        with lifted_triggers():
            forge(Payload.objects.filter(pk__in=first.values_list("pk", flat=True)), key)
            assert expected in verified().first_fault


class TestPayloadOfADestroyedKey:
    @pytest.fixture(autouse=True)
    def _half(self) -> None:
        """The key is destroyed, and nothing was removed yet."""
        append(an_event(outcome="given", recipient="storingsdienst"))
        keyring.destroy(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)

    @pytest.mark.parametrize(
        "changes",
        [
            CODES,
            {"subject_part": None},
            *({**CODES, "subject_part": None, name: "x"} for name in CODES),
            {**CODES, "subject_part": None, "organisation_part": b"x"},
            {**CODES, "subject_part": None, "subject_key": None},
        ],
    )
    def test_is_emptied_and_changed_in_no_other_way(self, changes: dict[str, object]) -> None:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Payload.objects.update(**changes)

    def test_is_emptied_by_the_migration_when_it_was_destroyed_before(self) -> None:
        migration = import_module("audit.migrations.0006_erasure_removes_what_was_sealed")

        migration.remove_what_was_erased(apps, connection.schema_editor(atomic=False))

        (row,) = rows(of_anna=True)
        assert row | CODES | {"subject_part": None} == row

    def test_of_a_key_that_lives_is_not_emptied(self) -> None:
        append(an_event(subject_id=BRAM))

        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Payload.objects.filter(subject_key__owner_id=BRAM).update(subject_part=None, **CODES)


class TestMonths:
    def test_expire_the_oldest_first_and_leave_what_a_data_subject_can_read(self) -> None:
        for month in (9, 10, 11):
            for subject in (ANNA, None):
                append(an_event(at=datetime(2026, month, 3, tzinfo=UTC), subject_id=subject))
        operations.settle(at=NOW)

        assert operations.expire_month(at=NOW, months=0) == "2026-09"
        assert operations.expire_month(at=NOW, months=1) == ""
        assert operations.expire_month(at=NOW, months=0) == "2026-10"
        assert operations.expire_month(at=NOW, months=0) == ""
        operations.settle(at=NOW)

        assert verified().first_fault == ""
        found = queries.entries(
            filter=queries.EntryFilter(kind="consent.record.given"), before=None, limit=9
        )
        assert [(line.internal is None, line.is_erased) for line in found] == [
            (False, False), (False, False), (True, True), (True, False), (True, True), (True, False),
        ]  # fmt: skip
        assert Payload.objects.filter(organisation_key__destroyed_at__isnull=False).count() == 2

    def test_keep_a_payload_that_waits_for_its_place(self) -> None:
        append(an_event(subject_id=None))
        operations.expire_month(at=LATER, months=0)
        assert Payload.objects.filter(entry__kind="consent.record.given").count() == 1

        operations.settle(at=LATER)

        assert verified().first_fault == ""

    def test_go_whole_for_someone_who_was_erased(self) -> None:
        log_of(1)
        operations.destroy_key(key=keyring.living_key(owner_id=ANNA, at=NOW), at=LATER)
        operations.expire_month(at=LATER, months=0)
        operations.settle(at=LATER)

        assert verified().first_fault == ""
        assert not Payload.objects.filter(organisation_key__month="2026-11").exists()

    @pytest.mark.parametrize(("months", "left"), [(0, 2), (1, 1), (2, 2)])
    def test_expire_by_themselves_when_it_was_asked_for(
        self, settings: Settings, months: int, left: int
    ) -> None:
        settings.LOG_INTERNAL_MONTHS = months
        for month in (9, 11):
            keyring.month_key(at=datetime(2026, month, 3, tzinfo=UTC))

        with time_machine.travel(NOW, tick=False):
            expire_months()

        assert Key.objects.filter(kind=Key.Kind.MONTH, destroyed_at=None).count() == left


class TestJournalOfErasures:
    """What a backup brings back is told by a file outside the database."""

    @pytest.fixture(autouse=True)
    def path(self, settings: Settings, tmp_path: Path) -> Path:
        settings.ERASURE_JOURNAL = tmp_path / "log" / "erasures"
        return tmp_path / "log" / "erasures"

    def test_has_no_fault_before_and_after_an_erasure(self, key: Key, path: Path) -> None:
        assert list(erasure_journal.faults()) == []
        operations.destroy_key(key=key, at=LATER, request="AVG-1")
        operations.destroy_key(key=keyring.living_key(owner_id=BRAM, at=NOW), at=LATER)

        assert list(erasure_journal.faults()) == []
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert lines[0] == {"at": LATER.isoformat(), "key": str(key.pk), "request": "AVG-1"}
        assert len(lines) == 2

    def test_names_whoever_lives_again(self, key: Key) -> None:
        with undone():  # as a backup of before does
            operations.destroy_key(key=key, at=LATER, request="AVG-1")

        assert list(erasure_journal.undone()) == [(key, "AVG-1")]
        (fault,) = (one.sentence for one in erasure_journal.faults())
        assert fault.startswith(f"Table audit_key, key {key.pk}: it was destroyed, and lives again")
        assert [error.id for error in database_checks()] == ["audit.E002"]

    def test_knows_a_key_that_the_backup_never_had(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_text(f'{{"at":"x","key":"{ANNA}","request":""}}\n')

        assert list(erasure_journal.faults()) == []

    @pytest.mark.parametrize("line", ["[]", "{}", '{"key":"x","request":""}', "no JSON"])
    def test_that_was_changed_is_named(self, path: Path, line: str) -> None:
        path.parent.mkdir()
        path.write_text(f"{line}\n")

        with pytest.raises(JournalError, match="is not a journal of erasures"):
            list(erasure_journal.undone())
        (fault,) = (one.sentence for one in erasure_journal.faults())
        assert "Restore it from a backup" in fault

    def test_that_cannot_be_written_stops_the_erasure(self, key: Key, path: Path) -> None:
        path.mkdir(parents=True)

        with pytest.raises(JournalError), transaction.atomic():
            operations.destroy_key(key=key, at=LATER)
        key.refresh_from_db()
        assert key.destroyed_at is None


def database_checks() -> list[CheckMessage]:
    with time_machine.travel(NOW, tick=False):
        found = run_checks(databases=["default"])
    return [one for one in found if (one.id or "").startswith("audit.")]


class TestEpochCheck:
    def test_asks_for_a_rotation_after_thirty_days(self, key: Key, settings: Settings) -> None:
        assert database_checks() == []
        with lifted_triggers():
            Key.objects.update(created_at=NOW - timedelta(days=31))
            with time_machine.travel(NOW, tick=False):
                (warning,) = erased_stays_erased(None, ["default"])
                assert warning.id == "audit.W001"
                settings.DEMO = True  # its people came long ago
                assert erased_stays_erased(None, ["default"]) == []
                assert erased_stays_erased(None, None) == []

    def test_says_nothing_before_it_was_migrated(self, key: Key) -> None:
        with undone():
            MigrationRecorder(connection).record_unapplied(*_KEYS)
            assert erased_stays_erased(None, ["default"]) == []
