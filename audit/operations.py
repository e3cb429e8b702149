"""The only way to write to the log."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from audit import checkpoint, integration, keyring, publishing, rootkeys
from audit.events import Actor, Event, EventKind
from audit.models import Checkpoint, Erasure, Key, LogEntry, Payload, PendingEntry, VerificationRun
from audit.sealing import seal_event
from audit.tree import LogBrokenError
from audit.verification import Verification

__all__ = [
    "LogBrokenError",
    "MonthNotOverError",
    "append",
    "destroy_key",
    "integrate",
    "publish",
    "settle",
    "verify",
]

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


class MonthNotOverError(Exception):
    """The key of a month that is not over still seals what happens, the destruction itself included."""


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


@transaction.atomic
def destroy_key(*, key: Key, at: datetime, actor: Actor = Actor.SYSTEM) -> None:
    """Destroy a key and log that it was done; without that line the log no longer verifies.

    What the key sealed can never be read again. Destroying it twice is harmless.

    Raises:
        MonthNotOverError: it is the key of this month, or of a later one.
    """
    key = Key.objects.select_for_update().get(pk=key.pk)
    if key.destroyed_at is not None:
        return
    if key.kind == Key.Kind.MONTH and key.month >= keyring.month_of(at):
        raise MonthNotOverError
    entry = append(
        Event(
            kind=EventKind.KEY_DESTROYED,
            actor=actor,
            at=at,
            subject_id=None,
            shown={},
            internal=keyring.name_of(key),
        )
    )
    Erasure.objects.create(key=key, kind=key.kind, at=at, entry=entry)
    keyring.destroy(key=key, at=at)  # noqa: TID251  # the one place


def integrate(*, at: datetime, limit: int = 2000) -> int:
    """Give staged entries their place in the log; return how many.

    Any number of processes may call it: one does the work, the others return 0 at once. If
    transaction A committed before B began, the entries of A come before those of B; the entries of
    one transaction keep their order.

    Raises:
        LogBrokenError: the stored log contradicts itself and must not be extended.
    """
    if not PendingEntry.objects.exists():
        return 0
    return integration.integrate(at=at, limit=limit)


def publish(*, at: datetime) -> Checkpoint | None:
    """Sign the head of the log, when it moved since the last checkpoint.

    Raises:
        LogBrokenError: the log does not continue what was signed before.
        KeyFileError: the key of the log is gone or is another one.
    """
    return publishing.publish(at=at)


def restart_journal(*, at: datetime) -> Checkpoint | None:
    """Begin a journal where there is none, from a log that was just recomputed; log that it was done.

    Raises:
        LogBrokenError: there is a journal, or the log itself is not whole.
        KeyFileError: a key is gone.
    """
    verification = _recomputed()
    if verification.faults:
        raise LogBrokenError(f"The log is not whole: {verification.first_fault}")
    newest = publishing.restart_journal()
    if newest is not None:
        with transaction.atomic():
            append(
                Event(
                    kind=EventKind.JOURNAL_RESTARTED,
                    actor=Actor.SYSTEM,
                    at=at,
                    subject_id=None,
                    shown={},
                    internal={"size": newest.size, "root": bytes(newest.root).hex()},
                )
            )
    return newest


def settle(*, at: datetime) -> None:
    """Number everything that is staged, then sign.

    Raises:
        LogBrokenError: the stored log contradicts itself.
        KeyFileError: a key is gone.
    """
    _make_month_keys(at=at)
    while integrate(at=at):
        pass
    publish(at=at)


def verify(
    *,
    at: datetime,
    clock: Callable[[], datetime],
    event_of: Callable[[VerificationRun], Event] | None = None,
) -> VerificationRun:
    """Recompute the whole log from its entries, keep what was found and return it.

    `clock` tells when that was done. `event_of` makes the event that is logged with it, if any: both
    are kept, or neither.

    Raises:
        KeyFileError: a key is gone.
    """
    verification = _recomputed()
    if fault := publishing.journal_fault():
        verification.add_fault(fault)
    with transaction.atomic():  # not before: on SQLite nobody else could write meanwhile
        run = VerificationRun.objects.create(
            started_at=at,
            finished_at=clock(),
            counted=verification.frontier.size,
            faults=verification.faults,
            first_fault=verification.first_fault,
            root=verification.frontier.root(),
        )
        if event_of is not None:
            append(event_of(run))
    return run


def _recomputed() -> Verification:
    signer = checkpoint.verifier_of(key=rootkeys.log_key(), origin=settings.LOG_ORIGIN)
    verification = Verification(signer)
    verification.run()
    return verification


def _make_month_keys(*, at: datetime) -> None:
    """Make the key of this month and the next ahead of time.

    Otherwise the first event of a month makes it, and everyone waits until that transaction ends.
    """
    keyring.month_key(at=at)
    keyring.month_key(at=at.replace(day=1) + timedelta(days=32))
