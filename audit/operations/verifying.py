"""Recompute the whole log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audit import logkeys, publishing, witnessed
from audit.events import Actor, Event, EventKind
from audit.faults import Fault
from audit.models import Checkpoint, VerificationRun
from audit.operations.appending import append
from audit.tree import LogBrokenError
from audit.verification import Progress, Verification


class UnknownHeadError(Exception):
    """No signed head of this size is stored; the message names those that are near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a verification found. `faults` names the first hundred; `run.faults` counts all."""

    run: VerificationRun
    faults: tuple[Fault, ...]


def verify(
    *,
    at: datetime,
    clock: Callable[[], datetime],
    event_of: Callable[[VerificationRun], Event] | None = None,
    progress: Progress | None = None,
) -> VerificationRun:
    """Recompute the whole log from its entries, keep what was found and return it.

    `clock` tells when that was done. `event_of` makes the event that is logged with it, if any: both
    are kept, or neither. `progress` is told how many entries were counted, after each chunk.

    Raises:
        KeyFileError: a key is gone.
    """
    return examine(at=at, clock=clock, event_of=event_of, progress=progress).run


def examine(
    *,
    at: datetime,
    clock: Callable[[], datetime],
    event_of: Callable[[VerificationRun], Event] | None = None,
    progress: Progress | None = None,
    since: int = 0,
) -> Outcome:
    """Do as `verify`, and name the faults; `since` is the size of a stored head to begin after.

    Raises:
        KeyFileError: a key is gone.
        UnknownHeadError: no head of that size was signed.
    """
    trusted = _stored_head(since) if since else None
    verification = _recomputed(since=trusted, progress=progress)
    if fault := publishing.journal_fault():
        verification.add_fault(fault)
    else:
        for lost in publishing.lost_heads():
            verification.add_fault(lost)
    if fault := witnessed.fault():
        verification.add_fault(fault)
    with transaction.atomic():  # not before: on SQLite nobody else could write meanwhile
        run = VerificationRun.objects.create(
            since=since,
            started_at=at,
            finished_at=clock(),
            counted=verification.counted,
            faults=verification.faults,
            first_fault=verification.first_fault,
            root=verification.frontier.root(),
        )
        if event_of is not None:
            append(event_of(run))
    return Outcome(run=run, faults=tuple(verification.named))


def _stored_head(size: int) -> Checkpoint:
    found = Checkpoint.objects.filter(size=size).first()
    if found is None:
        before = Checkpoint.objects.filter(size__lt=size).order_by("-size").first()
        after = Checkpoint.objects.filter(size__gt=size).order_by("size").first()
        near = " or ".join(str(one.size) for one in (before, after) if one)
        advice = f"Use {near}." if near else "Nothing was signed yet: leave it out."
        raise UnknownHeadError(f"There is no signed head of {size} entries. {advice}")
    return found


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


def _recomputed(
    *, since: Checkpoint | None = None, progress: Progress | None = None
) -> Verification:
    verification = Verification(logkeys.known())
    verification.run(since=since, progress=progress)
    return verification
