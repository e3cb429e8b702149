"""The table of jobs: ask for one, take one, get back what a dead worker held, forget the old. The row is the truth.

A message to a worker is a nudge and may be lost or come twice. Each change of hands is one conditional
UPDATE: of two workers one has the job, and who lost it finds out at the next thing that he writes down.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts.models import User
from audit import operations as log
from audit.canonical import Json, canonical
from audit.events import Event
from consent.job_rules import LEASE, LIVING, MOST_ATTEMPTS, next_nudge
from consent.models import Job
from consent.operations import result_files
from consent.vocabulary import JobFault, JobKind, JobState

_NUDGED_AT_ONCE = 100


class LeaseLostError(Exception):
    """Another attempt has the job, or it was cancelled: this one writes nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A job in the hands of one worker, for as long as nobody else takes it."""

    job: Job
    clock: Callable[[], datetime]

    def note(self, *, lease: timedelta = LEASE, **facts: Any) -> None:
        """Write down how far it is, which renews the lease.

        Raises:
            LeaseLostError: the job is no longer in these hands.
        """
        self._write(lease_until=self.clock() + lease, **facts)

    def finish(self, **facts: Any) -> None:
        """Write down that it is done.

        Raises:
            LeaseLostError: the job is no longer in these hands.
        """
        self._write(**_ended(JobState.DONE, at=self.clock()), **facts)

    def fail(self, fault: JobFault) -> None:
        """Write down that it cannot be done, unless the job is no longer in these hands."""
        self._mine.update(**_ended(JobState.FAILED, at=self.clock()), fault=fault)

    @property
    def _mine(self) -> Any:
        return Job.objects.filter(pk=self.job.pk, attempt=self.job.attempt, state=JobState.RUNNING)

    def _write(self, **facts: Any) -> None:
        if not self._mine.update(**facts):
            raise LeaseLostError
        for name, value in facts.items():
            setattr(self.job, name, value)


@transaction.atomic
def enqueue(
    *,
    kind: JobKind,
    arguments: dict[str, Json],
    officer: User,
    at: datetime,
    event: Event | None = None,
) -> Job:
    """Put a job in the table, log `event` with it, and nudge a worker once both are committed.

    Who asks the same again while it waits or runs gets the job that there is; nothing is logged then.
    """
    User.objects.select_for_update().get(pk=officer.pk)  # two clicks at once: one after the other
    question: dict[str, Json] = {"for": str(officer.pk), "kind": kind.value, "with": arguments}
    fingerprint = hashlib.sha256(canonical(question)).hexdigest()
    if there := Job.objects.filter(fingerprint=fingerprint, state__in=LIVING).first():
        return there
    if event is not None:
        log.append(event)
    job = Job.objects.create(
        kind=kind,
        arguments=arguments,
        fingerprint=fingerprint,
        asked_by=officer,
        created_at=at,
        nudge_at=next_nudge(waiting_since=at, at=at),
    )
    # A broker that is away stops nobody: the job is found in the table.
    transaction.on_commit(lambda: _nudge(job.pk), robust=True)
    return job


@transaction.atomic
def claim(*, job_id: UUID, kinds: Collection[str], at: datetime) -> Job | None:
    """Take a waiting job of a kind that this program knows; None when there is none to be had."""
    waiting = Job.objects.filter(pk=job_id, state=JobState.QUEUED, kind__in=kinds)
    taken = waiting.update(
        state=JobState.RUNNING,
        attempt=F("attempt") + 1,
        lease_until=at + LEASE,
        nudge_at=None,
        started_at=at,
        started_with=F("done"),
    )
    return Job.objects.get(pk=job_id) if taken else None


def cancel(*, job_id: UUID, at: datetime) -> bool:
    """Stop a job that waits or runs; return False when it had ended already.

    Whoever works on it finds out at the next thing that he writes down.
    """
    living = Job.objects.filter(pk=job_id, state__in=LIVING)
    return living.update(**_ended(JobState.CANCELLED, at=at)) == 1


def recover(*, at: datetime) -> None:
    """Give back what silent workers hold, and nudge again for what still waits. Safe to run at any time, anywhere."""
    silent = Job.objects.filter(state=JobState.RUNNING, lease_until__lt=at)
    silent.filter(attempt__gte=MOST_ATTEMPTS).update(
        **_ended(JobState.FAILED, at=at), fault=JobFault.GAVE_UP
    )
    silent.update(state=JobState.QUEUED, lease_until=None, nudge_at=at)
    waiting = Job.objects.filter(state=JobState.QUEUED, nudge_at__lte=at).order_by("created_at")
    for job in waiting[:_NUDGED_AT_ONCE]:
        later = next_nudge(waiting_since=job.created_at, at=at)
        Job.objects.filter(pk=job.pk, state=JobState.QUEUED).update(nudge_at=later)
        _nudge(job.pk)


def forget_old(*, at: datetime) -> None:
    """Remove jobs that ended long enough ago with their results, and the files that crashes left."""
    Job.objects.filter(expires_at__lte=at).delete()
    result_files.sweep()


def _nudge(job_id: UUID) -> None:
    current_app.send_task("consent.tasks.run_job", kwargs={"job": str(job_id)}, retry=False)


def _ended(state: JobState, *, at: datetime) -> dict[str, Any]:
    return {
        "state": state,
        "lease_until": None,
        "nudge_at": None,
        "finished_at": at,
        "expires_at": at + settings.EXPORTS_ARE_KEPT,
    }
