"""Entries that lost their turn: neither numbered nor waiting. Somebody took them out of the queue."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet

from audit import integration
from audit.events import Actor, Event, EventKind
from audit.models import LogEntry, PendingEntry
from audit.operations.appending import append

_BATCH = 1000


def reconcile(*, at: datetime) -> int:
    """Put every entry that has no place in the log and does not wait for one back in the queue; return how many.

    Each time that it is needed is a line in the log.
    """
    # The lines that tell of it come after these: were the trigger gone, they would be lost as well.
    newest = LogEntry.objects.aggregate(newest=Max("id"))["newest"] or 0
    total = 0
    while _lost(newest).exists() and (count := _requeue(newest, at=at)):
        total += count
    return total


@transaction.atomic
def _requeue(newest: int, *, at: datetime) -> int:
    if not integration.is_alone():
        return 0
    lost = list(_lost(newest).order_by("id").values_list("id", "uid")[:_BATCH])
    PendingEntry.objects.bulk_create(PendingEntry(entry_id=entry_id) for entry_id, _ in lost)
    for _, first in lost[:1]:
        append(
            Event(
                kind=EventKind.ENTRIES_REQUEUED,
                actor=Actor.SYSTEM,
                at=at,
                subject_id=None,
                shown={},
                internal={"count": len(lost), "first": str(first)},
            )
        )
    return len(lost)


def _lost(newest: int) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(id__lte=newest, place=None, pending=None)
