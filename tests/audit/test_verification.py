"""Whoever gets past the triggers is found: for every column, for every row, for every table."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, models, transaction

from audit import keyring, merkle, operations, verification
from audit.canonical import CanonicalError
from audit.events import Event
from audit.leaf import Leaf as LeafRow
from audit.models import (
    Checkpoint,
    Erasure,
    Key,
    Leaf,
    LogEntry,
    LogHead,
    Payload,
    PendingEntry,
    Tile,
    VerificationRun,
)
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

LATER = NOW + timedelta(days=30)  # November is over
MUCH_LATER = NOW + timedelta(days=60)


def first_fault() -> str:
    return verified().first_fault


class TestSoundLog:
    @pytest.mark.parametrize("size", [0, 1, 7])
    def test_has_no_fault(self, size: int) -> None:
        log_of(size)

        run = verified()

        assert (run.first_fault, run.faults, run.counted) == ("", 0, size)
        assert run.is_sound
        assert bytes(run.root) == bytes(LogHead.objects.get().root)
        assert (run.started_at, run.finished_at) == (NOW, NOW)
        assert VerificationRun.objects.get() == run

    def test_has_no_fault_while_entries_wait(self) -> None:
        log_of(2)
        append(an_event())

        assert first_fault() == ""

    def test_has_no_fault_after_someone_was_erased(self) -> None:
        log_of(3)
        operations.destroy_key(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)

        assert first_fault() == ""  # while the event waits
        operations.settle(at=NOW)
        assert first_fault() == ""

    def test_has_no_fault_after_a_month_was_erased(self) -> None:
        log_of(3)
        erase_november(at=LATER)
        Payload.objects.filter(organisation_key__month="2026-11").delete()

        assert first_fault() == ""  # while the event waits
        operations.settle(at=LATER)
        assert first_fault() == ""
        assert not Payload.objects.filter(entry__at__lt=LATER - timedelta(days=1)).exists()

    def test_has_no_fault_after_the_month_in_which_a_month_was_erased_was_erased_too(self) -> None:
        log_of(3)
        erase_november(at=LATER)
        operations.settle(at=LATER)
        operations.destroy_key(key=keyring.month_key(at=LATER), at=MUCH_LATER)
        operations.settle(at=MUCH_LATER)
        Payload.objects.exclude(organisation_key__destroyed_at=None).delete()

        assert first_fault() == ""
        assert Payload.objects.count() == 1  # the last destruction, of which the key lives

    def test_has_no_fault_with_full_tiles_and_older_checkpoints(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verification, "_CHUNK", 5)
        narrow_tiles(monkeypatch)
        log_of(7)
        log_of(11)

        assert first_fault() == ""


class TestVerify:
    def test_keeps_when_it_began_and_when_it_was_done(self) -> None:
        run = operations.verify(at=NOW, clock=lambda: LATER)

        run.refresh_from_db()
        assert (run.started_at, run.finished_at) == (NOW, LATER)

    def test_keeps_the_run_and_its_event_or_neither(self) -> None:
        def event_of(run: VerificationRun) -> Event:
            return an_event(subject_id=None, internal={"counted": 1.5})  # type: ignore[dict-item]

        with pytest.raises(CanonicalError):
            operations.verify(at=NOW, clock=lambda: NOW, event_of=event_of)

        assert not VerificationRun.objects.exists()
        assert not LogEntry.objects.exists()


class TestEntryThatIsGone:
    def test_is_found_when_no_other_is_left(self) -> None:
        log_of(1)

        with lifted_triggers():
            for model in (Payload, LogEntry):
                model._default_manager.all()._raw_delete("default")
            assert "audit_logentry, index 0: the entry of this leaf is gone" in first_fault()


class TestChangedColumn:
    def test_is_found_when_it_is_emptied(self) -> None:
        log_of(3)

        for column in ("subject_part", "subject_key"):
            with lifted_triggers():
                Payload.objects.exclude(subject_part=None).update(**{column: None})
                assert "part for the data subject is missing" in first_fault()

    def test_is_found_in_the_key_that_an_erasure_is_about(self) -> None:
        log_of(3)
        operations.destroy_key(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)
        operations.settle(at=NOW)
        found = {}

        with lifted_triggers():
            Key.objects.filter(destroyed_at=None, kind=Key.Kind.OWNER)._raw_delete("default")
            Payload.objects.filter(subject_key__owner_id=BRAM)._raw_delete("default")
            key = Key.objects.exclude(destroyed_at=None).get()
            for column, value in (
                ("kind", "month"),
                ("month", "2019-01"),
                ("destroyed_at", None),
                ("destroyed_at", NOW - timedelta(microseconds=1)),
            ):
                with undone():
                    Key.objects.filter(pk=key.pk).update(**{column: value})
                    found[f"{column} of the key: {value}"] = first_fault()

        assert all(found.values()), found


BEFORE_THE_BEGINNING = {
    'INSERT INTO audit_leaf ("index", entry_id, hash) SELECT -1, entry_id, leaf FROM audit_pendingentry'
    " JOIN audit_logentry ON id = entry_id": "audit_leaf, leaf -1",
    "INSERT INTO audit_checkpoint (size, root, note, made_at) SELECT -1, root, note, made_at FROM"
    " audit_checkpoint": "audit_checkpoint, checkpoint -1",
    "INSERT INTO audit_tile (level, number, data, root) SELECT -1, 0, root, root FROM audit_loghead": "audit_tile, tile -1/0",
}


def without_limits(statement: str) -> None:
    """Do what the owner of the database could, and let what was added no longer wait for its place."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            connection.check_constraints()
            for limit in ("leaf_index", "checkpoint_size", "tile_level"):
                table = limit.partition("_")[0]
                cursor.execute(f"ALTER TABLE audit_{table} DROP CONSTRAINT audit_{limit}_check")
        cursor.execute(statement)
        cursor.execute(
            "DELETE FROM audit_pendingentry WHERE entry_id IN (SELECT entry_id FROM audit_leaf)"
        )
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def delete(model: type[models.Model], place: int) -> Callable[[], object]:
    def do() -> None:
        keys = list(model._default_manager.order_by("pk").values_list("pk", flat=True))
        model._default_manager.filter(pk=keys[place])._raw_delete("default")

    return do


def swap(model: type[models.Model], column: str) -> Callable[[], object]:
    def do() -> None:
        first, second = model._default_manager.order_by("pk")[:2]
        for row, value in ((first, getattr(second, column)), (second, getattr(first, column))):
            model._default_manager.filter(pk=row.pk).update(**{column: value})

    return do


def cut_off_the_end() -> None:
    Leaf.objects.order_by("-index")[0].delete()
    leaves = [bytes(leaf.hash) for leaf in Leaf.objects.order_by("index")]
    shorter = merkle.Frontier().extended(leaves)
    LogHead.objects.update(size=shorter.size, root=shorter.root(), frontier=shorter.to_bytes())


def rewrite_an_entry() -> None:
    """Do all that can be done without the key of the log: a new leaf, hash, root and head."""
    entry = LogEntry.objects.order_by("pk")[1]
    leaf = bytes(entry.leaf).replace(b"consent.record.given", b"consent.record.refused")
    LogEntry.objects.filter(pk=entry.pk).update(leaf=leaf, kind="consent.record.refused")
    Leaf.objects.filter(entry=entry).update(hash=merkle.leaf_hash(leaf))
    leaves = [bytes(row.hash) for row in Leaf.objects.order_by("index")]
    rewritten = merkle.Frontier().extended(leaves)
    LogHead.objects.update(root=rewritten.root(), frontier=rewritten.to_bytes())


def insert_past_the_queue() -> None:
    LogEntry.objects.create(uid=uuid4(), leaf=b"x", kind="k", at=NOW, actor="a")


def give_to_another() -> None:
    Key.objects.filter(owner_id=BRAM).update(owner_id=uuid4())


def name_a_data_subject() -> None:
    key = Key.objects.get(owner_id=ANNA)
    Payload.objects.filter(subject_key=None).update(subject_key=key)


def move_a_payload() -> None:
    first, second = Payload.objects.filter(subject_key=None).order_by("pk")[:2]
    Payload.objects.filter(pk=first.pk).update(organisation_part=second.organisation_part)


FORGERIES: list[tuple[Callable[[], object], str]] = [
    *((delete(Leaf, place), "audit_leaf, index") for place in (0, 2)),
    (delete(Leaf, -1), "audit_loghead"),
    *((delete(LogEntry, place), "audit_logentry, index") for place in (0, 2, -1)),
    *((delete(Payload, place), "the payload is missing") for place in (0, 2, -1)),
    (delete(LogHead, 0), "audit_loghead"),
    (
        lambda: Key.objects.filter(month="2026-11")._raw_delete("default"),
        "key of a sealed part is missing",
    ),
    (swap(Leaf, "hash"), "audit_leaf, index 0, column hash"),
    (swap(LogEntry, "leaf"), "audit_logentry, index 0, column uid"),
    (swap(Payload, "subject_part"), "audit_payload, index 0"),
    (swap(Payload, "organisation_part"), "audit_payload, index 0"),
    (swap(Payload, "subject_key_id"), "audit_payload, index 0"),
    (move_a_payload, "audit_payload, index 2"),
    (name_a_data_subject, "it names a data subject, and the leaf does not"),
    (give_to_another, "audit_key"),
    (cut_off_the_end, "more was signed than there is"),
    (rewrite_an_entry, "the entries are not the ones that were signed"),
    (insert_past_the_queue, "has no place in the log and does not wait"),
    (
        lambda: Checkpoint.objects.create(size=0, root=merkle.EMPTY_ROOT, note="", made_at=NOW),
        "more was signed than there is",
    ),
    (
        lambda: Checkpoint.objects.create(size=3, root=bytes(32), note="forged", made_at=NOW),
        "audit_checkpoint, checkpoint 3",
    ),
    (lambda: Tile.objects.create(level=0, number=0, data=b"", root=b""), "tile 0/0: it lies past"),
    (lambda: Tile.objects.create(level=9, number=0, data=b"", root=b""), "tile 9/0: it lies past"),
    (
        lambda: PendingEntry.objects.create(entry=LogEntry.objects.order_by("pk")[0]),
        "waits for a place that it has",
    ),
    (
        lambda: Leaf.objects.create(
            index=77,
            entry=LogEntry.objects.create(uid=uuid4(), leaf=b"", kind="k", at=NOW, actor="a"),
            hash=bytes(32),
        ),
        "audit_leaf, index 77: it lies past",
    ),
    (lambda: LogHead.objects.create(id=2, size=6, root=b""), "audit_loghead, head: there must be"),
    (lambda: Key.objects.update(wrapped=None), "audit_key"),
    (lambda: Key.objects.update(destroyed_at=NOW), "half destroyed"),
    (lambda: Key.objects.update(master_key_id="x"), "another master key"),
]


class TestForgery:
    def test_is_found_whichever_it_is(self) -> None:
        log_of(6)

        with lifted_triggers():
            for number, (forge, expected) in enumerate(FORGERIES):
                with undone():
                    forge()
                    run = verified()
                assert expected in run.first_fault, f"forgery {number}: {run.first_fault!r}"
                assert not run.is_sound

    def test_of_a_checkpoint_by_another_note_of_the_same_log_is_found(self) -> None:
        log_of(2)
        log_of(2)
        older, newer = Checkpoint.objects.order_by("size")

        with lifted_triggers():
            Checkpoint.objects.filter(pk=newer.pk).update(note=older.note)
            assert "column size: it is not what was signed" in first_fault()

    def test_of_a_place_before_the_beginning_is_found(self) -> None:
        log_of(2)
        append(an_event())

        for statement, named in BEFORE_THE_BEGINNING.items():
            with lifted_triggers():
                without_limits(statement)
                assert f"{named}: it lies before the beginning of the log." in first_fault()

    def test_of_an_entry_that_still_waits_is_found(self) -> None:
        append(an_event())

        with lifted_triggers():
            LogEntry.objects.update(actor="officer")
            assert "audit_logentry, id" in first_fault()

    def test_by_whoever_has_the_keys_of_the_ring_is_found(self) -> None:
        """A payload that is sealed again with the right key is still not the one in the leaf."""
        log_of(1)
        entry, payload = LogEntry.objects.get(), Payload.objects.get()
        key = payload.organisation_key
        sealed = keyring.seal(
            key=key, plaintext=bytes(32) + b"{}", context=f"audit/internal/{entry.uid}"
        )

        with lifted_triggers():
            Payload.objects.update(organisation_part=sealed)
            assert "not what the leaf commits to" in first_fault()

    def test_by_giving_a_line_to_somebody_else_is_found(self) -> None:
        """What Anna did, sealed again word for word with the key of Bram: her tag is in the leaf."""
        log_of(2)
        entry = LogEntry.objects.get(payload__subject_key__owner_id=ANNA)
        anna, bram = (keyring.living_key(owner_id=owner, at=NOW) for owner in (ANNA, BRAM))
        context = f"audit/shown/{entry.uid}"
        sealed = bytes(entry.payload.subject_part or b"")
        content = keyring.open_sealed(key=anna, sealed=sealed, context=context)

        with lifted_triggers():
            Payload.objects.filter(entry=entry).update(
                subject_key=bram,
                subject_part=keyring.seal(key=bram, plaintext=content, context=context),
            )
            assert "the tag in the leaf is of another data subject" in first_fault()

    def test_of_a_whole_log_by_whoever_has_the_log_key_is_for_those_who_kept_a_checkpoint(
        self,
    ) -> None:
        log_of(3)

        with lifted_triggers():
            rewrite_an_entry()
            Checkpoint.objects.all()._raw_delete("default")
            operations.publish(at=NOW)

            assert first_fault() == ""


class TestErasureThatTheLogDoesNotTell:
    """No trigger needs to be lifted for these."""

    @pytest.fixture(autouse=True)
    def _log(self) -> None:
        log_of(3)
        connection.check_constraints()

    def test_of_evidence_is_found(self) -> None:
        for kind in (Key.Kind.MONTH, Key.Kind.OWNER):
            Key.objects.filter(kind=kind).update(wrapped=None, destroyed_at=NOW)
            assert "it was destroyed, and no event in the log says so" in first_fault()
        Payload.objects.all().delete()

        run = verified()

        # Two keys of people, two of months, and three payloads.
        assert run.faults == 4 + 3

    def test_in_a_month_that_was_made_up_is_found(self) -> None:
        forged = a_forged_month("2019-01")
        a_forged_entry(at=datetime(2019, 1, 7, tzinfo=UTC))

        run = verified()

        assert f"audit_key, key {forged.pk}: it was destroyed, and no event" in run.first_fault
        assert run.faults == 2

    def test_by_the_very_first_of_all_ids_is_found(self) -> None:
        log_of(3)
        living = Key.objects.get(kind=Key.Kind.OWNER, owner_id=ANNA)
        first = UUID(int=0)

        with lifted_triggers():
            Key.objects.create(
                id=first, kind=living.kind, owner_id=ANNA, master_key_id=living.master_key_id,
                created_at=NOW, destroyed_at=NOW,
            )  # fmt: skip
            Payload.objects.filter(subject_key=living).update(
                subject_key=first, subject_part=None, organisation_key=first,
                purpose="", data_category="", recipient="", outcome="",
            )  # fmt: skip
            assert f"audit_key, key {first}: it was destroyed, and no event" in first_fault()

    def test_that_is_told_by_an_entry_that_says_nothing_is_found(self) -> None:
        entry = a_forged_entry(at=datetime(2019, 1, 7, tzinfo=UTC), kind="log.key.destroyed")
        forged = a_forged_month("2019-01", at=entry.at)
        Erasure.objects.create(key=forged, kind="month", at=entry.at, entry=entry)

        assert "its erasure is not in the log: what the entry said is gone" in first_fault()
        operations.settle(at=NOW)
        assert "its erasure is not in the log: what the entry said is gone" in first_fault()

    def test_that_is_told_by_an_entry_about_something_else_is_found(self) -> None:
        forged = a_forged_month("2019-01", at=NOW)
        entry = LogEntry.objects.order_by("pk")[2]
        Erasure.objects.create(key=forged, kind="month", at=NOW, entry=entry)

        assert "the entry is about something else" in first_fault()

    def test_that_is_told_by_the_destruction_of_another_key_is_found(self) -> None:
        """It takes lifted triggers: an entry tells of one key."""
        anna, bram = (keyring.living_key(owner_id=owner, at=NOW) for owner in (ANNA, BRAM))
        operations.destroy_key(key=anna, at=NOW)
        connection.check_constraints()

        with lifted_triggers():
            Key.objects.filter(pk=bram.pk).update(wrapped=None, destroyed_at=NOW)
            Erasure.objects.update(key=bram)
            Key.objects.filter(pk=anna.pk)._raw_delete("default")
            Payload.objects.filter(subject_key=anna)._raw_delete("default")
            assert "its erasure is not in the log: the entry names another key" in first_fault()

    def test_cannot_be_told_twice_by_one_entry(self) -> None:
        operations.destroy_key(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)
        other = keyring.living_key(owner_id=BRAM, at=NOW)
        Key.objects.filter(pk=other.pk).update(wrapped=None, destroyed_at=NOW)

        with pytest.raises(IntegrityError), transaction.atomic():
            Erasure.objects.create(
                key=other, kind="owner", at=NOW, entry=Erasure.objects.get().entry
            )

    def test_of_an_entry_that_was_added_to_a_month_after_its_erasure_is_found(self) -> None:
        erase_november(at=LATER)
        operations.settle(at=LATER)
        a_forged_entry(at=NOW)

        assert "the payload is missing" in first_fault()
        operations.settle(at=LATER)
        assert "index 6: the payload is missing" in first_fault()

    def test_of_a_key_that_lives_is_found(self) -> None:
        entry = append(an_event(subject_id=None))
        key = keyring.living_key(owner_id=ANNA, at=NOW)
        Erasure.objects.create(key=key, kind="owner", at=NOW, entry=entry)

        assert "its erasure says something else about it" in first_fault()

    def test_of_the_erasure_itself_is_found(self) -> None:
        operations.destroy_key(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)
        operations.settle(at=NOW)
        connection.check_constraints()
        damage: list[tuple[Callable[[], object], str]] = [
            (delete(Erasure, 0), "no event in the log says so"),
            (delete(LogEntry, -1), "its erasure is not in the log: the entry is gone"),
            (delete(Payload, -1), "what the entry said is gone"),
            (
                lambda: Payload.objects.update(organisation_part=b"x"),
                "its erasure is not in the log: These bytes were not sealed",
            ),
            (
                lambda: LogEntry.objects.filter(kind="log.key.destroyed").update(leaf=b"x"),
                "its erasure cannot be read in the log: This is not a leaf",
            ),
            (drop_the_key, "audit_erasure, key"),
            (drop_the_erasure_and_the_key, "it tells of a key whose erasure is gone"),
        ]

        with lifted_triggers():
            for do, expected in damage:
                with undone():
                    do()
                    assert expected in first_fault()


def erase_november(*, at: datetime) -> None:
    for owner in (ANNA, BRAM):
        operations.destroy_key(key=keyring.living_key(owner_id=owner, at=NOW), at=at)
    operations.destroy_key(key=keyring.month_key(at=NOW), at=at)


def a_forged_month(month: str, *, at: datetime = NOW) -> Key:
    return Key.objects.create(
        kind=Key.Kind.MONTH, month=month, master_key_id="x", created_at=at, destroyed_at=at
    )


def a_forged_entry(*, at: datetime, kind: str = "consent.record.given") -> LogEntry:
    """An entry that commits to nothing in particular, and has no payload."""
    leaf = LeafRow(
        uid=uuid4(),
        kind=kind,
        actor="system",
        at=at.replace(microsecond=0),
        subject_tag=b"",
        shown=b"",
        internal=bytes(32),
    )
    return LogEntry.objects.create(
        uid=leaf.uid, leaf=leaf.to_bytes(), kind=leaf.kind, at=leaf.at, actor=leaf.actor
    )


def drop_the_key() -> None:
    key = Key.objects.exclude(destroyed_at=None)
    Payload.objects.filter(subject_key__in=key.values("pk"))._raw_delete("default")
    key._raw_delete("default")


def drop_the_erasure_and_the_key() -> None:
    drop_the_key()
    Erasure.objects.all()._raw_delete("default")
