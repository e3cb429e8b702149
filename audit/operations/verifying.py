"""Recompute the whole log."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from audit import logkeys, publishing, witnessed
from audit.events import Actor, Event, EventKind
from audit.models import Checkpoint, VerificationRun
from audit.operations.appending import append
from audit.tree import LogBrokenError
from audit.verification import Verification


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
    for fault in filter(None, (publishing.journal_fault(), witnessed.fault())):
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


def _recomputed() -> Verification:
    verification = Verification(logkeys.known())
    verification.run()
    return verification
