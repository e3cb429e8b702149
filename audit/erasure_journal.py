"""The memory of erasures outside the database: one line for each key that was destroyed.

A backup of the database brings keys back. This file tells which of them must be destroyed again
before anyone works with what was restored. A line names a key and a request, never a person; it is
on disk before the erasure is committed, so one that was cut off by a crash is still to be done.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.conf import settings

from audit import journal
from audit.canonical import Json
from audit.faults import Fault
from audit.journal import JournalError
from audit.models import Key

_CHUNK = 500


def remember(*, key: Key, request: str, at: datetime) -> None:
    """Write down that this key is destroyed, and return when it is on disk.

    Raises:
        JournalError: the disk is full, or may not be written.
    """
    path = settings.ERASURE_JOURNAL
    if path is None:
        return
    said: dict[str, Json] = {"at": at.isoformat(), "key": str(key.pk), "request": request}
    with journal.opened(path) as kept:
        kept.add(said)


def undone() -> Iterator[tuple[Key, str]]:
    """Return each key that was destroyed and lives in this database, with the request that asked for it.

    Raises:
        JournalError: the journal cannot be read.
    """
    requests = _remembered()
    ids = list(requests)
    for start in range(0, len(ids), _CHUNK):
        living = Key.objects.filter(destroyed_at=None, pk__in=ids[start : start + _CHUNK])
        for key in living.order_by("created_at", "pk"):
            yield key, requests[key.pk]


def faults() -> Iterator[Fault]:
    """Say which keys live again, if any."""
    try:
        again = [key for key, _ in undone()]
    except JournalError as error:
        yield Fault(what=str(error))
        return
    if again:
        what = (
            "it was destroyed, and lives again: was a backup restored? Run `manage.py replay_erasures` "
            f"before anyone uses this database (keys: {len(again)})."
        )
        yield Fault(table="audit_key", row=f"key {again[0].pk}", what=what)


def _remembered() -> dict[UUID, str]:
    path = settings.ERASURE_JOURNAL
    if path is None or not path.exists():
        return {}
    try:
        with journal.opened(path) as kept:
            return {UUID(str(line["key"])): str(line["request"]) for line in kept.lines()}
    except (KeyError, ValueError) as error:
        raise JournalError(
            f"{path} is not a journal of erasures, or a line of it was changed. Restore it from a backup: "
            "it tells who must be erased again after the database was restored."
        ) from error
