"""Exports of the log, as jobs: asked for, made in pieces, kept for a while, downloaded. Asking and downloading are lines in the log."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import policy
from accounts.models import User
from accounts.policy import Action, Target
from audit import archive, queries
from audit import operations as log
from audit.canonical import Json
from audit.contents import Contents
from audit.events import Actor, Event, EventKind
from audit.queries import EntryFilter
from consent.errors import ConsentError
from consent.job_rules import lease_for
from consent.models import Job
from consent.operations import jobs, office, result_files
from consent.operations.jobs import Work
from consent.queries.jobs import filter_of
from consent.queries.log import LogFilters, entry_filter, subject_of
from consent.vocabulary import JobKind

SUFFIX = ".zip"


class LogBrokenError(ConsentError):
    code = "log-broken"
    message = _(
        "The log is not intact, so nothing was exported. The page of the log says what to do."
    )


class ResultGoneError(ConsentError):
    code = "result-gone"
    message = _("This file is no longer there. Ask for a new export.")


def ask(*, officer: User, contents: Contents, filters: LogFilters, at: datetime) -> Job:
    """Log that an export was asked for, and let it be made. A whole export is of the whole log, whatever the filters.

    Raises:
        LogBrokenError: the log contradicts itself; no copy is made of that.
    """
    selection = EntryFilter()
    if contents is not Contents.COMPLETE:
        selection = entry_filter(filters, subject_id=subject_of(filters))
    return _ask(officer=officer, contents=contents, filter_=selection, at=at)


def ask_again(*, job: Job, officer: User, at: datetime) -> Job:
    """Ask for the same export of the log of now.

    Raises:
        LogBrokenError: the log contradicts itself; no copy is made of that.
    """
    contents = Contents(job.arguments["contents"])
    return _ask(officer=officer, contents=contents, filter_=filter_of(job.arguments), at=at)


def make(work: Work) -> None:
    """Write the export piece by piece, pack it and put it in place. Whatever attempt ends it, the bytes are the same.

    Raises:
        LeaseLostError: the job is no longer in these hands.
        LogBrokenError: the log contradicts itself.
        OSError: there is no room, or it may not be written.
        KeyFileError: a key is gone.
    """
    job, contents = work.job, Contents(work.job.arguments["contents"])
    selection = filter_of(job.arguments)
    if not job.checkpoint:
        _begin(work, contents=contents, selection=selection)
    size, at = job.checkpoint["size"], datetime.fromisoformat(job.checkpoint["at"])
    folder = _folder(work)
    write = partial(
        archive.write, contents=contents, folder=folder, filter=selection, size=size, at=at
    )
    try:
        _note_each(work, write(done=job.done))
    except archive.ResumeError:  # the disk kept less than it said
        result_files.begin_anew(job)
        work.note(done=0, started_with=0)
        _note_each(work, write())
    work.note(lease=lease_for(size))
    place = result_files.place_for(job, suffix=SUFFIX)
    archive.pack(folder=folder, destination=place, at=at)
    work.finish(result=place.name, result_size=place.stat().st_size)
    result_files.remove_attempt(job, job.attempt)


def download(*, officer: User, job: Job, at: datetime) -> Path:
    """Log that the result is handed out, then return where it is. Whoever is named in the filter can see it.

    Raises:
        ResultGoneError: there is no such file any more.
    """
    path = result_files.path_of(job)
    if path is None or not path.is_file():
        raise ResultGoneError
    event = _event(
        EventKind.EXPORT_DOWNLOADED,
        officer=officer,
        contents=Contents(job.arguments["contents"]),
        filter_=filter_of(job.arguments),
        at=at,
        more={"job": str(job.pk)},
    )
    with transaction.atomic():
        log.append(event)
    return path


def _ask(*, officer: User, contents: Contents, filter_: EntryFilter, at: datetime) -> Job:
    policy.check(policy.of_role(officer.role, user_id=officer.pk), Action.EXPORT_LOG, Target())
    if office.settled(at=at):
        raise LogBrokenError  # before the line that says that there was an export
    return jobs.enqueue(
        kind=JobKind.LOG_EXPORT,
        arguments={"contents": contents.value, "filter": filter_.to_json()},
        officer=officer,
        at=at,
        event=_event(
            EventKind.LOG_EXPORTED, officer=officer, contents=contents, filter_=filter_, at=at
        ),
    )


def _begin(work: Work, *, contents: Contents, selection: EntryFilter) -> None:
    """Settle the log, and fix what is exported and as of when: every attempt writes the same bytes."""
    at = work.clock()
    log.settle(at=at)
    size = queries.head().checkpoint_size or 0
    total = archive.total(contents=contents, filter=selection, size=size)
    work.note(total=total, checkpoint={"size": size, "at": at.isoformat()}, lease=lease_for(size))


def _folder(work: Work) -> Path:
    """Return the folder of this attempt, with what the last one did when that is still there."""
    job = work.job
    before = job.checkpoint.get("attempt")
    work.note(lease=lease_for(job.checkpoint["size"]))
    folder, is_continued = result_files.begin(job, after_attempt=before)
    done = job.done if is_continued else 0
    work.note(checkpoint={**job.checkpoint, "attempt": job.attempt}, done=done, started_with=done)
    if before is not None:
        result_files.remove_attempt(job, before)
    return folder


def _note_each(work: Work, steps: Iterable[int]) -> None:
    for done in steps:
        work.note(done=done)


def _event(
    kind: EventKind,
    *,
    officer: User,
    contents: Contents,
    filter_: EntryFilter,
    at: datetime,
    more: dict[str, Json] | None = None,
) -> Event:
    asked = {name: said for name, said in filter_.to_json().items() if name != "subject"}
    return Event(
        kind=kind,
        actor=Actor.OFFICER,
        at=at,
        subject_id=_known(filter_.subject_id),
        shown={},
        internal={"user": str(officer.id), "filter": asked, "form": contents.value, **(more or {})},
    )


def _known(subject_id: UUID | None) -> UUID | None:
    """Return the data subject that a filter names; a number that nobody has names nobody."""
    return subject_id if subject_id and subject_id.int else None
