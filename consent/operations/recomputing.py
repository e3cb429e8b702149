"""Recomputing the log, as a job: it takes as long as the log is."""

from datetime import datetime

from accounts.models import User
from audit import operations as log
from audit import queries
from audit.events import Actor, Event, EventKind
from audit.models import VerificationRun
from consent.job_rules import lease_for
from consent.models import Job
from consent.operations import jobs, office
from consent.operations.jobs import Work
from consent.vocabulary import JobKind


def ask(*, officer: User, at: datetime) -> Job:
    """Ask that the whole log is recomputed, also when it is broken."""
    return jobs.enqueue(kind=JobKind.LOG_VERIFICATION, arguments={}, officer=officer, at=at)


def ask_again(*, job: Job, officer: User, at: datetime) -> Job:  # noqa: ARG001  as every kind
    return ask(officer=officer, at=at)


def recompute(work: Work) -> None:
    """Recompute the log, keep what came out, and log that it was done.

    An attempt that was cut off is of no use to the next one: that begins at the first line.

    Raises:
        LeaseLostError: the job is no longer in these hands.
        KeyFileError: a key is gone.
    """
    at = work.clock()
    office.settled(at=at)
    total = queries.head().size
    lease = lease_for(total)
    work.note(done=0, started_with=0, total=total, lease=lease)
    run = log.verify(
        at=at,
        clock=work.clock,
        event_of=lambda run: _verified(run, job=work.job, at=at),
        progress=lambda done: work.note(done=done, lease=lease),
    )
    work.finish(checkpoint={"isSound": run.is_sound}, done=total)


def _verified(run: VerificationRun, *, job: Job, at: datetime) -> Event:
    return Event(
        kind=EventKind.LOG_VERIFIED,
        actor=Actor.OFFICER,
        at=at,
        subject_id=None,
        shown={},
        internal={"user": str(job.asked_by_id), "counted": run.counted, "faults": run.faults},
        outcome="sound" if run.is_sound else "broken",
    )
