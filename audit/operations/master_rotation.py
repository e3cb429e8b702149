"""Begin the next epoch of the master key, and end the one before: what was erased is then gone from every copy.

Each step can be cut off at any point; whoever runs it again goes on where it stopped. Others work on meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from audit import keyring, masterkeys
from audit.events import Actor, Event, EventKind
from audit.leaf import INTERNAL
from audit.masterkeys import MasterKey
from audit.models import Key
from audit.operations.appending import append
from audit.queries import ROWS, opened

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What was done: the epoch that counts now, and how many keys were wrapped again in this run."""

    epoch: int
    keys: int
    is_resumed: bool


def rotate_master_key(*, at: datetime) -> Rotation:
    """Make the next master key, wrap every living key with it, then destroy the one before.

    Where an earlier run was cut off, that one is finished and no other epoch begins.

    Raises:
        KeyFileError: a key file is gone, or cannot be written.
        SealBrokenError: the row of a key was changed.
    """
    masterkeys.forget()
    masterkeys.finish_destructions()
    now = masterkeys.masters()
    is_resumed = bool(now.older) or not _is_told(now.current)
    current = now.current if is_resumed else masterkeys.begin_epoch()
    count = 0
    while not _end_others(current, at=at):
        while wrapped := _wrap_batch(current):
            count += wrapped
    return Rotation(epoch=current.epoch, keys=count, is_resumed=is_resumed)


@transaction.atomic
def _wrap_batch(current: MasterKey) -> int:
    """Wrap some keys again; return how many. Whoever only reads or uses a key does not wait."""
    living = Key.objects.filter(destroyed_at=None).exclude(master_key_id=current.id)
    keys = list(living.select_for_update(no_key=True).order_by("pk")[:BATCH])
    for key in keys:
        keyring.wrap_again(key, master=current)
    Key.objects.bulk_update(keys, ["master_key_id", "wrapped"])
    _flush_on_commit()
    return len(keys)


@transaction.atomic
def _end_others(current: MasterKey, *, at: datetime) -> bool:
    """Log the rotation and destroy the older master keys, unless a key still needs one.

    The file goes last: a crash before the commit loses the line in the log, which the next run adds.
    """
    _wait_for_new_keys()
    if Key.objects.filter(destroyed_at=None).exclude(master_key_id=current.id).exists():
        return False
    if not _is_told(current):
        append(
            Event(
                kind=EventKind.MASTER_KEY_ROTATED,
                actor=Actor.SYSTEM,
                at=at,
                subject_id=None,
                shown={},
                internal={"epoch": current.epoch, "masterKey": current.id},
            )
        )
    for older in masterkeys.masters().older:
        masterkeys.end_epoch(older)
    return True


def _is_told(current: MasterKey) -> bool:
    """Return whether the log says that this epoch began; the first one needs no line."""
    if current.epoch == 1:
        return True
    told = ROWS.filter(kind=EventKind.MASTER_KEY_ROTATED).order_by("-id").first()
    if told is None:
        return False
    part = opened(told, INTERNAL)
    return part is None or part.members()["epoch"] == current.epoch


def _wait_for_new_keys() -> None:
    """Wait for whoever is making a key, and let nobody make one until commit. On SQLite nobody else writes."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE audit_key IN SHARE ROW EXCLUSIVE MODE")


def _flush_on_commit() -> None:
    """Keys that are wrapped again are on disk before the file that opened them before is destroyed."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = on")
