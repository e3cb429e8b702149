"""Whoever changes who signs is found, for every column; and the database refuses it to begin with."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import F
from pytest_django import Settings

from audit import checkpoint, cosignature, keyring, logkeys, operations, signer_triggers, triggers
from audit.checkpoint import parse_note
from audit.events import EventKind
from audit.keyfiles import KeyFileError
from audit.models import Checkpoint, Cosignature, LogEntry, LogKey, Payload, WitnessRefusal
from audit.signer_checks import cosignature_faults, log_key_faults
from tests.audit.builders import NOW, an_event, append, lifted_triggers, log_of, undone, verified
from tests.audit.test_tampering import other
from tests.audit.witnessing import AT, NAME, OTHER_KEY, WITNESS, WITNESS_KEY

pytestmark = pytest.mark.django_db

# What no signature and no line of the log speaks of.
NOT_CHECKED = {
    "audit_cosignature.id": "names nothing",
    "audit_logkey.id": "names nothing; a key is known by itself",
    "audit_cosignature.received_at": "our own claim; the witness signs its own",
}
TABLES = [LogKey, Cosignature, WitnessRefusal]


def on_postgresql() -> bool:
    return connection.vendor == "postgresql"


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def cosign(stored: Checkpoint) -> Cosignature:
    line = cosignature.cosign(head=parse_note(stored.note)[0], key=WITNESS_KEY, name=NAME, at=AT)
    return Cosignature.objects.create(
        checkpoint=stored, witness=WITNESS.to_vkey(), line=line, at=AT, received_at=NOW
    )


@pytest.fixture(autouse=True)
def _log(settings: Settings, tmp_path: Path) -> None:
    """A log of which the key was rotated, twice; the last time it did not end yet."""
    settings.KEYS_DIR = tmp_path
    log_of(3)
    operations.begin_rotation(at=NOW)
    log_of(1)
    operations.finish_rotation(at=NOW)
    operations.begin_rotation(at=NOW)
    cosign(Checkpoint.objects.order_by("-size")[0])
    WitnessRefusal.objects.create(
        checkpoint=Checkpoint.objects.order_by("size")[0],
        witness=WITNESS.to_vkey(),
        status=422,
        at=NOW,
    )


def first_fault() -> str:
    return verified().first_fault


class TestSound:
    def test_has_no_fault(self) -> None:
        assert LogKey.objects.count() == 3
        assert first_fault() == ""

    def test_has_no_fault_after_the_month_was_erased(self) -> None:
        later = NOW + timedelta(days=30)
        for key in {payload.subject_key for payload in Payload.objects.exclude(subject_key=None)}:
            assert key is not None
            operations.destroy_key(key=key, at=later)
        operations.destroy_key(key=keyring.month_key(at=NOW), at=later)
        operations.settle(at=later)
        assert first_fault() == ""


class TestChangedColumn:
    @pytest.mark.parametrize("model", [LogKey, Cosignature])
    def test_is_found_whichever_it_is(self, model: type[models.Model]) -> None:
        missed = []
        with lifted_triggers():
            for row in model._default_manager.order_by("pk"):
                for field in model._meta.concrete_fields:
                    with undone():
                        value = self.changed(field, getattr(row, field.attname))
                        model._default_manager.filter(pk=row.pk).update(**{field.attname: value})
                        if not first_fault():
                            missed.append(f"{model._meta.db_table}.{field.column}")
        assert set(missed) <= set(NOT_CHECKED)

    def changed(self, field: "models.Field[object, object]", value: object) -> object:
        match field.name, value:
            case "id", int(number):
                return number + 1000
            case "checkpoint", _:
                return Checkpoint.objects.order_by("size")[0].pk
            case "entry", None:
                return LogEntry.objects.order_by("id")[0].pk
            case _, None:
                return 5
            case _:
                return other(field, value)


def forget(kind: str) -> None:
    for row in LogEntry.objects.filter(kind=kind):
        LogKey.objects.filter(entry=row).update(entry=None)


def tell_of_something_else() -> None:
    LogKey.objects.filter(pk=middle().pk).update(entry=LogEntry.objects.order_by("id")[0])


def damage_what_is_told() -> None:
    Payload.objects.filter(entry=middle().entry).update(organisation_part=b"x" * 64)


def middle() -> LogKey:
    return LogKey.objects.order_by("id")[1]


def put_in_front() -> None:
    """Whoever can write in the database lets a key of his own count for the past."""
    vkey = cosignature.verifier_of(key=OTHER_KEY, name="regie.example/log").to_vkey()
    LogKey.objects.filter(pk=LogKey.objects.order_by("id")[0].pk).update(vkey=vkey)


def add_a_key() -> None:
    LogKey.objects.create(vkey="regie.example/log+1+AQ==", from_size=1, to_size=2)


def announce_without_a_line() -> None:
    first = LogKey.objects.order_by("id")[0]
    LogKey.objects.create(vkey=first.vkey.replace("regie", "other"))


FORGERIES: list[tuple[Callable[[], object], str]] = [
    (put_in_front, "not an Ed25519 key of a log"),
    (add_a_key, "audit_logkey, key"),
    (lambda: forget(EventKind.LOG_KEY_ROTATED), "nothing in the log tells of it"),
    (tell_of_something_else, "what should tell of it is about something else"),
    (damage_what_is_told, "what the log tells of it cannot be read"),
    (lambda: LogKey.objects.filter(entry=None).update(to_size=None), "it did not end"),
    (
        lambda: LogKey.objects.filter(to_size=None).update(to_size=F("from_size")),
        "it does not count up to the head",
    ),
    (
        lambda: LogKey.objects.filter(pk=middle().pk).update(from_size=None, to_size=None),
        "it does not count from the head",
    ),
    (
        lambda: LogKey.objects.filter(pk=LogKey.objects.order_by("-id")[0].pk)._raw_delete(
            "default"
        ),
        "it tells of a key of the log that is gone",
    ),
    (lambda: Cosignature.objects.update(witness="x"), "A verification key reads"),
    (lambda: Cosignature.objects.update(line="x\n"), "is not a signature"),
    (
        lambda: Cosignature.objects.update(
            witness=cosignature.verifier_of(key=OTHER_KEY, name=NAME).to_vkey()
        ),
        "the columns are not what the witness signed",
    ),
]


class TestForgery:
    @pytest.mark.parametrize(("forge", "said"), FORGERIES)
    def test_is_found_whichever_it_is(self, forge: Callable[[], object], said: str) -> None:
        with lifted_triggers():
            forge()
            faults = [f"audit_{table}, {place}: {what}" for table, place, what in log_key_faults()]
            faults += [what for _, _, what in cosignature_faults()]
        assert any(said in fault for fault in faults), faults

    def test_of_a_key_that_another_line_tells_of_is_found(self) -> None:
        with lifted_triggers():
            one, two = LogKey.objects.exclude(entry=None).order_by("id")
            first, second = one.entry_id, two.entry_id
            LogKey.objects.filter(pk=one.pk).update(entry=None)
            LogKey.objects.filter(pk=two.pk).update(entry=first)
            LogKey.objects.filter(pk=one.pk).update(entry=second)
            assert "the log tells of another key" in first_fault()

    def test_that_lets_no_key_sign_stops_the_signing(self) -> None:
        with lifted_triggers():
            LogKey.objects.update(to_size=1)
            with pytest.raises(KeyFileError, match="No key of the log counts for a head of"):
                logkeys.signing(size=99)

    def test_of_a_key_that_is_not_ours_is_found(self) -> None:
        """Whoever can write in the database signs with a key of his own."""
        with lifted_triggers():
            vkey = checkpoint.verifier_of(key=OTHER_KEY, origin="regie.example/log").to_vkey()
            LogKey.objects.filter(pk=LogKey.objects.order_by("-id")[0].pk).update(vkey=vkey)
            told = [what for _, _, what in log_key_faults()]
            assert any("holds the key of the log" in what for what in told)


class TestTriggers:
    @pytest.mark.parametrize("model", TABLES)
    def test_refuse_to_take_away(self, model: type[models.Model]) -> None:
        table = model._meta.db_table
        connection.check_constraints()  # PostgreSQL truncates nothing while a deferred check waits
        empty = f"TRUNCATE {table} CASCADE" if on_postgresql() else f"DELETE FROM {table} WHERE 1"
        for statement in (f"DELETE FROM {table}", empty):
            with pytest.raises(IntegrityError, match="append-only"):
                execute(statement)

    @pytest.mark.parametrize("model", TABLES)
    def test_refuse_to_replace(self, model: type[models.Model]) -> None:
        table = model._meta.db_table
        columns = [str(field.column) for field in model._meta.concrete_fields]
        names = ", ".join(f'"{column}"' for column in columns)
        update = f'ON CONFLICT ("id") DO UPDATE SET "{columns[-1]}" = NULL'
        copies = [f"INSERT INTO {table} ({names}) SELECT {names} FROM {table} WHERE true {update}"]
        if not on_postgresql():
            others = ", ".join(f'"{column}"' for column in columns[1:])
            copies += [
                f"INSERT OR REPLACE INTO {table} ({names}) SELECT {names} FROM {table}",
                f"INSERT OR REPLACE INTO {table} ({others}) SELECT {others} FROM {table}",
            ]
        before = list(model._default_manager.values())
        for statement in copies:
            with pytest.raises(IntegrityError, match="append-only"):
                execute(statement)
        assert list(model._default_manager.values()) == before

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_cosignature SET line = line",
            "UPDATE audit_witnessrefusal SET status = status",
            "UPDATE audit_logkey SET vkey = vkey",
            "UPDATE audit_logkey SET vkey = 'x', to_size = 9 WHERE to_size IS NULL",
            "UPDATE audit_logkey SET from_size = 1 WHERE to_size IS NULL",
            "UPDATE audit_logkey SET from_size = NULL",
            "UPDATE audit_logkey SET from_size = NULL, to_size = 9 WHERE to_size IS NULL",
            "UPDATE audit_logkey SET from_size = 1, to_size = 9 WHERE to_size IS NULL",
            "UPDATE audit_logkey SET to_size = NULL WHERE to_size IS NOT NULL",
            "UPDATE audit_logkey SET to_size = to_size + 1 WHERE to_size IS NOT NULL",
            "UPDATE audit_logkey SET entry_id = NULL, to_size = 9 WHERE to_size IS NULL",
        ],
    )
    def test_refuse_any_other_change(self, statement: str) -> None:
        with pytest.raises(IntegrityError, match="append-only"):
            execute(statement)

    def test_let_a_key_begin_once_and_end_once(self) -> None:
        entry = append(an_event(subject_id=None))
        row = LogKey.objects.create(vkey=str(uuid4()), entry=entry)
        for change in ({"from_size": 9}, {"to_size": 12}):
            LogKey.objects.filter(pk=row.pk).update(**change)
        for change in ({"from_size": 9}, {"to_size": 12}):
            with pytest.raises(IntegrityError), transaction.atomic():
                LogKey.objects.filter(pk=row.pk).update(**change)

    def test_are_missed_when_they_are_gone_and_put_back(self) -> None:
        migration = import_module("audit.migrations.0008_who_signs")
        editor = connection.schema_editor(atomic=False)
        connection.check_constraints()
        migration.leave(None, editor)
        gone = triggers.missing(connection, signer_triggers.wanted)
        assert {one.table for one in gone} == {model._meta.db_table for model in TABLES}
        migration.guard(None, editor)
        assert triggers.missing(connection, signer_triggers.wanted) == []
