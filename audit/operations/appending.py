"""Stage an event in the transaction that it describes."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from audit import keyring
from audit.events import Event
from audit.models import Key, LogEntry, Payload
from audit.sealing import seal_event

# Written out, because this is the path of every decision: the ORM would take five times as long.
_ENTRY_COLUMNS = ("uid", "leaf", "kind", "at", "actor")
_PAYLOAD_COLUMNS = (
    *("subject_key_id", "subject_part", "organisation_key_id", "organisation_part"),
    *("purpose", "data_category", "recipient", "outcome"),
)
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
    try:
        return _insert(
            LogEntry(
                uid=sealed.leaf.uid,
                leaf=sealed.leaf.to_bytes(),
                kind=sealed.leaf.kind,
                at=sealed.leaf.at,
                actor=sealed.leaf.actor,
            ),
            Payload(
                subject_key=subject_key,
                subject_part=sealed.subject_part,
                organisation_key=organisation_key,
                organisation_part=sealed.organisation_part,
                purpose=event.purpose,
                data_category=event.data_category,
                recipient=event.recipient,
                outcome=event.outcome,
            ),
        )
    except IntegrityError:
        # Most likely another process destroyed a key that this one remembered: ask again next time.
        for used in filter(None, (subject_key, organisation_key)):
            keyring.forget(used)
        raise


def _insert(entry: LogEntry, payload: Payload) -> LogEntry:
    first, second = _stored(entry, _ENTRY_COLUMNS), _stored(payload, _PAYLOAD_COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_INSERT_BOTH, [*first, *second])
            (entry.pk,) = cursor.fetchone()
        else:
            cursor.execute(_INSERT_ENTRY, first)
            (entry.pk,) = cursor.fetchone()
            values = "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
            cursor.execute(f"{_INSERT_PAYLOAD} {values}", [*second, entry.pk])
    return entry


def _stored(row: Model, columns: Sequence[str]) -> list[Any]:
    """Return the values of these columns as this database keeps them."""
    fields = {field.attname: field for field in row._meta.concrete_fields}  # noqa: SLF001  # documented
    return [
        fields[name].get_db_prep_save(getattr(row, name), connection=connection) for name in columns
    ]
