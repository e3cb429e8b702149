"""What happens to staged entries: they get a place in the log, and the head of the log is signed."""

from datetime import datetime, timedelta

from django.db import transaction

from audit import integration, keyring, publishing, queries
from audit.events import Actor, Event, EventKind
from audit.leaf import INTERNAL
from audit.models import Checkpoint, LogHead, PendingEntry
from audit.operations.appending import append

# Machines that share a database differ by less; a summer time that ends is no change of UTC.
_CLOCKS_DIFFER = timedelta(minutes=1)


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


def settle(*, at: datetime) -> None:
    """Number everything that is staged, then sign: as far as the role of this process may.

    The web of an installation with a role of its own leaves both to the worker.

    Raises:
        LogBrokenError: the stored log contradicts itself.
        KeyFileError: a key is gone.
    """
    _make_month_keys(at=at)
    _note_the_clock(at=at)
    may_number, may_sign = integration.rights()
    while may_number and integrate(at=at):
        pass
    if may_sign:
        publish(at=at)


def _make_month_keys(*, at: datetime) -> None:
    """Make the key of this month and the next ahead of time.

    Otherwise the first event of a month makes it, and everyone waits until that transaction ends.
    """
    keyring.month_key(at=at)
    keyring.month_key(at=at.replace(day=1) + timedelta(days=32))


def _note_the_clock(*, at: datetime) -> None:
    """Log, once, that the clock went back; everything goes on, because the order never depends on it."""
    head = LogHead.objects.first()
    reached = head.integrated_at if head else None
    if reached is None or reached - at <= _CLOCKS_DIFFER:
        return
    said = {"reached": reached.isoformat()}
    last = queries.ROWS.filter(kind=EventKind.CLOCK_WENT_BACK).order_by("-id").first()
    known = queries.opened(last, INTERNAL) if last else None
    if known is None or known.members().get("reached") != said["reached"]:
        with transaction.atomic():
            append(
                Event(
                    kind=EventKind.CLOCK_WENT_BACK,
                    actor=Actor.SYSTEM,
                    at=at,
                    subject_id=None,
                    shown={},
                    internal={**said},
                )
            )
