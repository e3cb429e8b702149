"""Let another key sign the log. Every step may be the last before a power cut: the next call goes on where it was.

The files and the table say how far it is: a next file (made), a row without a first size (told), a
row with one (both sign), and after the old row got its last size, no next file (done).
"""

from datetime import datetime

from django.db import transaction

from audit import integration, logkeys
from audit.checkpoint import Verifier
from audit.events import Actor, Event, EventKind
from audit.models import Checkpoint, LogEntry, LogKey
from audit.operations.appending import append
from audit.operations.settling import settle


class RotationError(Exception):
    """The key cannot be rotated now; the message says what to do."""


def begin_rotation(*, at: datetime) -> LogKey:
    """Make another key, tell of it in the log under the old one, and let both sign from then on.

    Raises:
        RotationError: both sign already, or the head that tells of it is not signed yet.
        LogBrokenError: the log cannot be signed.
        KeyFileError: a key file is gone or cannot be made.
    """
    told = _told(logkeys.next_key(), at=at)
    settle(at=at)
    with transaction.atomic():
        integration.wait_until_alone()
        told.from_size = _signed_size(told.entry_id) + 1
        told.save(update_fields=["from_size"])
    return told


def finish_rotation(*, at: datetime) -> LogKey:
    """Let the new key sign alone, and destroy the old one.

    Raises:
        RotationError: there are no two keys that sign, or the head that tells of it is not signed yet.
        LogBrokenError: the log cannot be signed.
        KeyFileError: a key file is gone.
    """
    signing = list(_signing())
    if len(signing) == 1 and logkeys.is_next_left() and _is_next(signing[0]):
        logkeys.replace_file()
        return signing[0]
    if len(signing) != 2:  # noqa: PLR2004  # the old one and the new one
        raise RotationError("No other key signs yet. Begin with: python3 manage.py rotate_log_key")
    old, new = signing
    retired = _retired(old, new, at=at)
    settle(at=at)
    with transaction.atomic():
        integration.wait_until_alone()
        old.to_size = _signed_size(retired.pk)
        old.save(update_fields=["to_size"])
    logkeys.replace_file()
    return new


@transaction.atomic
def _told(key: Verifier, *, at: datetime) -> LogKey:
    """Return the row of the next key, telling of it in the log when that was not done."""
    integration.wait_until_alone()
    known = logkeys.known()
    if LogKey.objects.filter(vkey=key.to_vkey()).exclude(from_size=None).exists():
        raise RotationError(
            "Both keys sign already. Give everyone the new key of /log/vkey; then end it with: "
            "python3 manage.py rotate_log_key --finish"
        )
    if told := LogKey.objects.filter(from_size=None).first():
        if told.vkey != key.to_vkey():
            raise RotationError(
                f"{logkeys.NEXT} is not the key that the log tells of. Restore {logkeys.NEXT} from your backup."
            )
        return told
    old = known.newest.to_vkey()
    LogKey.objects.get_or_create(vkey=old, defaults={"from_size": 0})
    entry = _append(EventKind.LOG_KEY_ROTATED, at=at, old=old, new=key.to_vkey())
    return LogKey.objects.create(vkey=key.to_vkey(), entry=entry)


@transaction.atomic
def _retired(old: LogKey, new: LogKey, *, at: datetime) -> LogEntry:
    """Return the entry that tells of the end of the old key, appending it when that was not done."""
    integration.wait_until_alone()
    told = LogEntry.objects.filter(kind=EventKind.LOG_KEY_RETIRED, id__gt=new.entry_id or 0)
    return told.first() or _append(EventKind.LOG_KEY_RETIRED, at=at, old=old.vkey, new=new.vkey)


def _append(kind: EventKind, *, at: datetime, old: str, new: str) -> LogEntry:
    return append(
        Event(
            kind=kind,
            actor=Actor.SYSTEM,
            at=at,
            subject_id=None,
            shown={},
            internal={"old": old, "new": new},
        )
    )


def _signing() -> "list[LogKey]":
    return list(LogKey.objects.exclude(from_size=None).filter(to_size=None).order_by("from_size"))


def _is_next(row: LogKey) -> bool:
    return row.vkey == logkeys.next_key().to_vkey()


def _signed_size(entry_id: int | None) -> int:
    """Return the size of the newest head, which covers this entry."""
    size = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    if not LogEntry.objects.filter(pk=entry_id or 0, place__index__lt=size).exists():
        raise RotationError(
            "Another process signs the log at this moment. Run the same command again."
        )
    return size
