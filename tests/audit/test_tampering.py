"""Test 15 of the design: with the triggers lifted, every column, row and table of the log is damaged, and the damage is named."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from pytest_django import Settings

from audit import keyring, operations
from audit.faults import Fault
from audit.models import Key
from tests.audit.builders import (
    BRAM,
    NOW,
    an_event,
    append,
    lifted_triggers,
    log_of,
    narrow_tiles,
    undone,
)

pytestmark = pytest.mark.django_db
Table = type[models.Model]
Column = Any  # a field that is kept in a column
REFUSED: list[Fault] = []

MODELS = list(apps.get_app_config("audit").get_models())
# What no leaf and no signature speaks of. A new column without a check must not end up here lightly.
NOT_CHECKED = {
    "audit_checkpoint.made_at": "a note carries no time (C2SP tlog-checkpoint)",
    "audit_loghead.integrated_at": "derived, for display",
    "audit_loghead.id": "names nothing",
    "audit_tile.id": "names nothing; a tile is found by its level and number",
    "audit_key.created_at": "for display",
}
NOT_WALKED = {
    "audit_verificationrun": "says what was found then; the next run says it again",
    "audit_witnessrefusal": "says what a witness answered; asked again, it says so again",
    # Who signs has a log of its own to be damaged: tests/audit/test_signer_checks.py, column by column.
    "audit_cosignature": "there",
    "audit_logkey": "there",
}
# Where the damage shows, when that is not in the table itself.
SHOWS_IN = {
    "audit_key": {"audit_payload", "audit_erasure"},  # what the key sealed, or that it is gone
    "audit_checkpoint": {""},  # the journal knows the last one
    "audit_erasure": {"audit_key", "audit_logentry"},  # what is no longer told
    "audit_pendingentry": {"audit_logentry"},  # an entry that waits for nothing
    "audit_leaf": {"audit_loghead", "audit_logentry"},  # the end of the log; an entry without place
    "audit_logentry": {"audit_payload", "audit_leaf"},
}
# What cannot be told apart: whether what was sealed was changed, or by which key it was.
SHOWS_AT = {"subject_key_id": {"subject_part"}, "organisation_key_id": {"organisation_part"}}
WALKED = [model for model in MODELS if model._meta.db_table not in NOT_WALKED]
by_table = pytest.mark.parametrize("model", WALKED, ids=lambda model: model._meta.db_table)


def other(field: Column, value: Any) -> Any:
    """Return another value that the column would take: one byte, one character, one second away."""
    match value:
        case None:
            absent = {
                models.BinaryField: b"x",
                models.UUIDField: uuid4(),
                models.DateTimeField: NOW,
                models.ForeignKey: uuid4(),
            }
            return absent[type(field)]
        case int():
            return value + 1000
        case str():
            return value[:-1] + "~" if value else "x"
        case datetime():
            return value + timedelta(seconds=1)
        case UUID():
            return uuid4()
        case _:
            content = bytes(value)
            return bytes([content[0] ^ 1]) + content[1:]


@pytest.fixture
def _log(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log with full tiles, two heads, somebody who was erased, and an entry that waits."""
    settings.LOG_JOURNAL = tmp_path / "journal"
    narrow_tiles(monkeypatch)
    log_of(4)
    operations.destroy_key(key=keyring.living_key(owner_id=BRAM, at=NOW), at=NOW)
    operations.settle(at=NOW)
    append(an_event())
    assert found() == []


def found() -> list[Fault]:
    return list(operations.examine(at=NOW, clock=lambda: NOW).faults)


def rows_of(model: Table) -> list[models.Model]:
    """Return the rows; of the keys, those that live and sealed something."""
    rows = model._default_manager.order_by("pk")
    if model is Key:  # neither the one of next month, nor those of which only the log still tells
        rows = rows.exclude(month="2026-12").filter(destroyed_at=None)
    return list(rows)


def columns(model: Table) -> list[Column]:
    table = model._meta.db_table
    return [
        field
        for field in model._meta.concrete_fields
        if f"{table}.{field.column}" not in NOT_CHECKED
    ]


def shows(faults: list[Fault], model: Table, field: Column | None = None) -> bool:
    """Return whether the faults name the table, a row and the column; or whether the damage was refused."""
    table = model._meta.db_table
    named = [fault for fault in faults if fault.table == table and fault.row]
    if named and field is not None:
        known = {"", field.column, *SHOWS_AT.get(field.column, ())}
        return any(fault.column in known for fault in named)
    elsewhere = SHOWS_IN.get(table, set())
    is_told = any(fault.table in elsewhere for fault in faults)
    return faults is REFUSED or bool(named) or is_told


def said(kind: str, field: Column, faults: list[Fault]) -> str:
    return f"{kind} {field}: {[fault.sentence for fault in faults]}"


def change(model: Table, key: object, field: Column, value: object) -> None:
    assert model._default_manager.filter(pk=key).update(**{field.attname: value}) == 1


def damaged(damage: Callable[[], object]) -> list[Fault]:
    """Return the faults after some damage; REFUSED when the database does not take it, even from its owner."""
    with undone():
        try:
            with transaction.atomic():
                damage()
        except IntegrityError:
            return REFUSED
        return found()


@pytest.mark.usefixtures("_log")
class TestDamage:
    @by_table
    def test_to_one_byte_is_found_in_every_column(self, model: Table) -> None:
        rows = rows_of(model)
        row = rows[len(rows) // 2]

        with lifted_triggers():
            for field in columns(model):
                value = other(field, getattr(row, field.attname))
                faults = damaged(partial(change, model, row.pk, field, value))
                assert shows(faults, model, field), said("changed", field, faults)

    @by_table
    def test_by_emptying_is_found_in_every_column(self, model: Table) -> None:
        with lifted_triggers():
            for field in columns(model):
                full = [row for row in rows_of(model) if getattr(row, field.attname) is not None]
                for row in full[:1]:
                    faults = damaged(partial(change, model, row.pk, field, None))
                    assert shows(faults, model, field), said("emptied", field, faults)

    @by_table
    def test_by_swapping_is_found_in_every_column(self, model: Table) -> None:
        with lifted_triggers():
            for field in columns(model):
                pairs = combinations(rows_of(model), 2)
                for one, two in [two for two in pairs if differ(*two, field)][:1]:
                    faults = damaged(partial(swap, model, field, one, two))
                    assert shows(faults, model), said("swapped", field, faults)

    @by_table
    def test_by_deleting_is_found_in_every_row(self, model: Table) -> None:
        rows = rows_of(model)

        with lifted_triggers():
            for place in sorted({0, len(rows) // 2, len(rows) - 1}):
                rest = model._default_manager.filter(pk=rows[place].pk)
                faults = damaged(partial(rest._raw_delete, "default"))
                assert shows(faults, model), said(f"deleted {place}", model._meta.pk, faults)

    @by_table
    def test_by_adding_is_found_or_refused(self, model: Table) -> None:
        """The same row again under another key, and one that is new in every column that must be unique."""
        row, key = rows_of(model)[0], model._meta.pk
        held = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        unique = [field for field in row._meta.concrete_fields if is_unique(model, field)]
        faults = REFUSED

        with lifted_triggers():
            for name, fields in (("again", [key]), ("forged", unique)):
                fresh = {field.attname: other(field, held[field.attname]) for field in fields}
                faults = damaged(partial(model._default_manager.create, **(held | fresh)))
                assert shows(faults, model), said(name, key, faults)
            assert faults is not REFUSED  # a forged row collides with nothing


def differ(one: models.Model, two: models.Model, field: Column) -> bool:
    values = [getattr(row, field.attname) for row in (one, two)]
    plain = [bytes(value) if isinstance(value, memoryview) else value for value in values]
    return bool(plain[0] != plain[1])


def swap(model: Table, field: Column, one: models.Model, two: models.Model) -> None:
    """Exchange two values, by way of a third: some columns hold each value once."""
    first, second = getattr(one, field.attname), getattr(two, field.attname)
    third, is_key = other(field, first), field.primary_key
    change(model, one.pk, field, third)
    change(model, two.pk, field, first)
    change(model, third if is_key else one.pk, field, second)


def is_unique(model: Table, field: Column) -> bool:
    together = {name for one in model._meta.constraints for name in getattr(one, "fields", ())}
    return field.unique or field.name in together


class TestTables:
    def test_without_a_check_are_named_with_the_reason(self) -> None:
        every = {
            f"{model._meta.db_table}.{column}"
            for model in MODELS
            for field in model._meta.get_fields()
            if (column := getattr(field, "column", None))
        }

        assert set(NOT_CHECKED) <= every
        assert {model._meta.db_table for model in MODELS} >= set(NOT_WALKED)
