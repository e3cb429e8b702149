"""Events and logs to test with. Anna is in the log, Bram is too, and nobody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection, transaction

from audit import integration, keyring, operations, signer_triggers, tree, triggers
from audit.canonical import Json
from audit.events import Actor, Event, EventKind
from audit.models import Key, LogEntry, VerificationRun

ANNA = UUID("00000000-0000-4000-8000-00000000000a")
BRAM = UUID("00000000-0000-4000-8000-00000000000b")
NOW = datetime(2026, 11, 24, 9, 30, 15, 123456, tzinfo=UTC)


def an_event(
    *,
    kind: EventKind = EventKind.CONSENT_GIVEN,
    subject_id: UUID | None = ANNA,
    at: datetime = NOW,
    shown: dict[str, Json] | None = None,
    internal: dict[str, Json] | None = None,
    purpose: str = "lekwaarschuwing",
    data_category: str = "usage",
    recipient: str = "",
    outcome: str = "",
) -> Event:
    return Event(
        kind=kind,
        actor=Actor.DATA_SUBJECT if subject_id else Actor.OFFICER,
        at=at,
        subject_id=subject_id,
        shown=shown or {},
        internal={"channel": "portal"} if internal is None else internal,
        purpose=purpose,
        data_category=data_category,
        recipient=recipient,
        outcome=outcome,
    )


def append(event: Event) -> LogEntry:
    with transaction.atomic():
        return operations.append(event)


def log_of(size: int) -> list[LogEntry]:
    """Make a settled log: by turns about Anna, about Bram and about nobody."""
    turns = (ANNA, BRAM, None)
    with transaction.atomic(), remembered_keys(ANNA, BRAM):
        entries = [
            operations.append(an_event(subject_id=turns[number % 3])) for number in range(size)
        ]
    operations.settle(at=NOW)
    return entries


def verified() -> VerificationRun:
    return operations.verify(at=NOW, clock=lambda: NOW)


@contextmanager
def remembered_keys(*owners: UUID) -> Iterator[None]:
    """Let the key ring know the keys as it does in a process that has been running for a while."""
    keys = {owner: keyring.living_key(owner_id=owner, at=NOW) for owner in owners}
    month = keyring.month_key(at=NOW)
    known: list[tuple[UUID | str, Key]] = [*keys.items(), (month.month, month)]
    for name, key in known:
        keyring._keep(name, key)
    try:
        yield
    finally:
        for _, key in known:
            keyring.forget(key)


@contextmanager
def lifted_triggers() -> Iterator[None]:
    """Do what only the owner of the database could do; afterwards it never happened."""
    with transaction.atomic():
        lift_triggers()
        yield
        transaction.set_rollback(True)


def lift_triggers() -> None:
    """The same until the end of this test, without a transaction of its own."""
    connection.check_constraints()  # PostgreSQL alters no table while a deferred check waits
    for which in (triggers.wanted, signer_triggers.wanted):
        triggers.lift(connection, which)


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever happens inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def narrow_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make tiles two hashes wide, so that a few entries fill several levels."""
    monkeypatch.setattr(tree, "TILE_HEIGHT", 1)
    monkeypatch.setattr(tree, "TILE_WIDTH", 2)


@contextmanager
def somebody_at_work() -> Iterator[bool]:
    """Hold the lock of the integrator elsewhere; on SQLite our own transaction is that lock."""
    if connection.vendor == "sqlite":
        yield False
        return
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [integration._LOCK])
        yield True
    other.close()
