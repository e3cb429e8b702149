"""The jobs of one officer, as the pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from audit.queries import EntryFilter
from consent.job_rules import percentage, time_left
from consent.models import Job
from consent.vocabulary import JobKind, JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """One job. `percent` and `left` are None while that cannot be said yet."""

    id: UUID
    kind: str
    state: JobState
    contents: str  # of an export, else ""
    filter: EntryFilter
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None
    done: int
    total: int | None
    percent: int | None
    left: timedelta | None
    size: int  # of the result, in bytes
    fault: str
    is_sound: bool  # of a verification that is done: the log is

    @property
    def is_living(self) -> bool:
        return self.state in {JobState.QUEUED, JobState.RUNNING}

    @property
    def is_running(self) -> bool:
        return self.state is JobState.RUNNING

    @property
    def is_export(self) -> bool:
        return self.kind == JobKind.LOG_EXPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    jobs: tuple[JobView, ...]
    older: UUID | None  # the last of these, when there are more


def job_row(*, officer: User, job_id: UUID, at: datetime) -> Job | None:
    """Return a job of this officer that is still kept; of somebody else there is none."""
    return _kept(officer=officer, at=at).filter(pk=job_id).first()


def exports_of(*, officer: User, before: UUID | None, limit: int, at: datetime) -> JobList:
    """Return the newest exports of this officer, or the newest that were asked for before that one."""
    found = exports = _kept(officer=officer, at=at).filter(kind=JobKind.LOG_EXPORT)
    if before is not None and (last := exports.filter(pk=before).first()):
        found = exports.filter(created_at__lt=last.created_at)
    rows = list(found.order_by("-created_at", "-pk")[: limit + 1])
    return JobList(
        jobs=tuple(view_of(job, at=at) for job in rows[:limit]),
        older=rows[limit - 1].pk if len(rows) > limit else None,
    )


def view_of(job: Job, *, at: datetime) -> JobView:
    return JobView(
        id=job.pk,
        kind=job.kind,
        state=JobState(job.state),
        contents=str(job.arguments.get("contents", "")),
        filter=filter_of(job.arguments),
        created_at=job.created_at,
        finished_at=job.finished_at,
        expires_at=job.expires_at,
        done=job.done,
        total=job.total,
        percent=None if job.total is None else percentage(done=job.done, total=job.total),
        left=_left(job, at=at),
        size=job.result_size,
        fault=job.fault,
        is_sound=bool(job.checkpoint.get("isSound")),
    )


def filter_of(arguments: Mapping[str, Any]) -> EntryFilter:
    """Return the filter that `EntryFilter.to_json` wrote."""
    said: dict[str, Any] = dict(arguments.get("filter", {}))
    for name in {"since", "until"} & said.keys():
        said[name] = datetime.fromisoformat(said[name])
    if "subject" in said:
        said["subject_id"] = UUID(said.pop("subject"))
    return EntryFilter(**said)


def _kept(*, officer: User, at: datetime) -> QuerySet[Job]:
    return Job.objects.filter(Q(expires_at=None) | Q(expires_at__gt=at), asked_by=officer)


def _left(job: Job, *, at: datetime) -> timedelta | None:
    if job.state != JobState.RUNNING or job.total is None or job.started_at is None:
        return None
    return time_left(
        done=job.done,
        total=job.total,
        started_with=job.started_with,
        started_at=job.started_at,
        at=at,
    )
