"""What becomes of the keys. Each of it is an event in the log."""

from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Q

from audit import erasure_journal, keyring
from audit.events import Actor, Event, EventKind
from audit.models import Erasure, Key, Payload
from audit.operations.appending import append


class MonthNotOverError(Exception):
    """The key of a month that is not over still seals what happens, the destruction itself included."""


@transaction.atomic
def destroy_key(
    *, key: Key, at: datetime, actor: Actor = Actor.SYSTEM, request: str = ""
) -> Erasure | None:
    """Destroy a key and log that it was done; without that line the log no longer verifies.

    What the key sealed can never be read again, and is removed. `request` names the request that
    asked for it, if any. Destroying it twice is harmless, and returns None.

    Raises:
        MonthNotOverError: it is the key of this month, or of a later one.
        JournalError: it cannot be written down outside the database.
    """
    key = Key.objects.select_for_update().get(pk=key.pk)
    if key.destroyed_at is not None:
        return None
    if key.kind == Key.Kind.MONTH and key.month >= keyring.month_of(at):
        raise MonthNotOverError
    sealed = Payload.objects.filter(Q(subject_key=key) | Q(organisation_key=key))
    entries = sealed.count()
    entry = append(
        Event(
            kind=EventKind.KEY_DESTROYED,
            actor=actor,
            at=at,
            subject_id=None,
            shown={},
            internal=keyring.name_of(key) | {"entries": entries, "request": request},
        )
    )
    erasure = Erasure.objects.create(
        key=key, kind=key.kind, at=at, entry=entry, request=request, entries=entries
    )
    keyring.destroy(key=key, at=at)  # noqa: TID251  # the one place
    _remove_what_it_sealed(key)
    erasure_journal.remember(key=key, request=request, at=at)
    return erasure


@transaction.atomic
def expire_month(*, at: datetime, months: int) -> str:
    """Destroy the key of the oldest month that ended `months` months ago or longer; return that month, "" for none.

    Raises:
        JournalError: it cannot be written down outside the database.
    """
    now = at.astimezone(UTC)
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    kept = f"{year:04}-{month + 1:02}"
    living = Key.objects.filter(kind=Key.Kind.MONTH, destroyed_at=None, month__lt=kept)
    key = living.order_by("month").first()
    if key is None:
        return ""
    destroy_key(key=key, at=at)
    return key.month


def _remove_what_it_sealed(key: Key) -> None:
    """Remove the part for the data subject with its codes, and whole payloads that nobody can read any more.

    An entry that waits for its place keeps its payload: only the place tells that it may be gone.
    """
    Payload.objects.filter(subject_key=key).update(
        subject_part=None, purpose="", data_category="", recipient="", outcome=""
    )
    gone = Payload.objects.filter(Q(subject_key=key) | Q(organisation_key=key))
    unreadable = Q(subject_key=None) | Q(subject_key__destroyed_at__isnull=False)
    gone.filter(
        unreadable,
        organisation_key__destroyed_at__isnull=False,
        entry__place__isnull=False,
    ).delete()
