"""Stage an event in the transaction that it describes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from audit import keyring
from audit.events import Event
from audit.models import Key, LogEntry
from audit.sealing import seal_event

# Written out, because this is the path of every decision: the ORM would take five times as long.
_INSERT_ENTRY = (
    "INSERT INTO audit_logentry (uid, leaf, kind, at, actor)"
    " VALUES (%s, %s, %s, %s, %s) RETURNING id"
)
_INSERT_PAYLOAD = (
    "INSERT INTO audit_payload (subject_key_id, subject_part, organisation_key_id,"
    " organisation_part, purpose, data_category, recipient, outcome, entry_id)"
)
_INSERT_BOTH = (
    f"WITH entry AS ({_INSERT_ENTRY}) {_INSERT_PAYLOAD}"  # noqa: S608  # the two texts above
    " SELECT %s, %s, %s, %s, %s, %s, %s, %s, id FROM entry RETURNING entry_id"
)


def append(event: Event, *, key: Key | None = None) -> LogEntry:
    """Stage `event` in the caller's transaction: it is in the log if, and only if, that commits.

    `key` is the key of the data subject, for a caller who has it at hand. The entry gets its place
    in the log afterwards (`integrate`); its leaf never changes.

    Raises:
        TransactionManagementError: there is no transaction to be part of.
        CanonicalError: the event carries something that the log cannot hold.
        KeyDestroyedError: `key` was destroyed.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "An event is logged in the transaction that it describes."
        )
    subject_key = key if event.subject_id else None
    if event.subject_id and subject_key is None:
        subject_key = keyring.living_key(owner_id=event.subject_id, at=event.at)
    if subject_key and subject_key.owner_id != event.subject_id:
        raise ValueError("This key is not the key of the data subject of the event.")
    organisation_key = keyring.month_key(at=event.at)
    sealed = seal_event(event=event, subject_key=subject_key, organisation_key=organisation_key)
    leaf = sealed.leaf.to_bytes()
    entry = LogEntry(
        uid=sealed.leaf.uid,
        leaf=leaf,
        kind=sealed.leaf.kind,
        at=sealed.leaf.at,
        actor=sealed.leaf.actor,
    )
    try:
        entry.pk = _insert(
            [_uuid(entry.uid), leaf, entry.kind, _moment(entry.at), entry.actor],
            [
                *(_uuid(subject_key.pk if subject_key else None), sealed.subject_part),
                *(_uuid(organisation_key.pk), sealed.organisation_part),
                *(event.purpose, event.data_category, event.recipient, event.outcome),
            ],
        )
    except IntegrityError:
        # Most likely another process destroyed a key that this one remembered: ask again next time.
        for used in filter(None, (subject_key, organisation_key)):
            keyring.forget(used)
        raise
    return entry


def _insert(entry: list[Any], payload: list[Any]) -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_INSERT_BOTH, [*entry, *payload])
            (pk,) = cursor.fetchone()
        else:
            cursor.execute(_INSERT_ENTRY, entry)
            (pk,) = cursor.fetchone()
            values = "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
            cursor.execute(f"{_INSERT_PAYLOAD} {values}", [*payload, pk])
    return int(pk)


def _uuid(value: UUID | None) -> Any:
    return value if value is None or connection.features.has_native_uuid_field else value.hex


def _moment(value: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)
