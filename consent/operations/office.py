"""What a privacy officer does with the log. Reading it is itself a line in it, written before anything is shown."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import operations as log
from audit.canonical import Json
from audit.events import Actor, Event, EventKind
from audit.inspection import reader_of
from consent.queries.log import LogFilters, log_entry, log_page, subject_of
from consent.queries.values import LogEntryPage, LogPage

PAGE = 50


def read_log(
    *,
    officer: User,
    filters: LogFilters,
    before: int | None,
    after: int | None,
    language: str,
    at: datetime,
) -> LogPage:
    """Log the look, then return the page. Whoever is named in the filter can see that he was looked up.

    A log that is broken is shown all the same, and the page says so.
    """
    subject_id = subject_of(filters)
    _log_the_look(officer=officer, filters=filters, subject_id=subject_id, at=at)
    return log_page(
        filters=filters,
        subject_id=subject_id,
        before=before,
        after=after,
        limit=PAGE,
        language=language,
        today=timezone.localtime(at).date(),
        contradiction=settled(at=at),
    )


def read_entry(*, officer: User, uid: UUID, language: str, at: datetime) -> LogEntryPage:
    """Log the look at one line, then return it. Whoever it is about can see that it was looked at.

    Raises:
        UnknownEntryError: there is no such line.
    """
    reader = reader_of(uid)
    seen: dict[str, Json] = {"entry": str(uid)}
    with transaction.atomic():
        log.append(
            Event(
                kind=EventKind.LOG_READ,
                actor=Actor.OFFICER,
                at=at,
                subject_id=reader,
                shown=seen if reader else {},
                internal={"user": str(officer.id), **seen},
            )
        )
    return log_entry(uid=uid, language=language, contradiction=settled(at=at))


def settled(*, at: datetime) -> str:
    """Number and sign what waits; return what the log contradicts itself in, if it does."""
    try:
        log.settle(at=at)
    except log.LogBrokenError as error:
        return str(error)
    return ""


def _log_the_look(
    *, officer: User, filters: LogFilters, subject_id: UUID | None, at: datetime
) -> None:
    asked: dict[str, Json] = {
        name: str(value)
        for name, value in asdict(filters).items()
        if value and name != "reference"  # a customer number has no place in the log
    }
    known = subject_id if subject_id and subject_id.int else None
    with transaction.atomic():
        log.append(
            Event(
                kind=EventKind.LOG_READ,
                actor=Actor.OFFICER,
                at=at,
                subject_id=known,
                shown={},
                internal={"user": str(officer.id), "filter": asked},
            )
        )
