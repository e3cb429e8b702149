"""What a privacy officer does with the log. Reading it is itself a line in it, written before anything is shown."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import export as log_export
from audit import operations as log
from audit.canonical import Json
from audit.events import Actor, Event, EventKind
from audit.inspection import reader_of
from audit.models import VerificationRun
from consent.errors import ConsentError
from consent.queries.log import LogFilters, entry_filter, log_entry, log_page, subject_of
from consent.queries.values import LogEntryPage, LogPage

PAGE = 50


class LogBrokenError(ConsentError):
    code = "log-broken"
    message = _("The log is not intact, so nothing was exported. See below what to do.")


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
    _record(EventKind.LOG_READ, officer=officer, filters=filters, subject_id=subject_id, at=at)
    return log_page(
        filters=filters,
        subject_id=subject_id,
        before=before,
        after=after,
        limit=PAGE,
        language=language,
        today=timezone.localtime(at).date(),
        contradiction=_settled(at=at),
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
    return log_entry(uid=uid, language=language, contradiction=_settled(at=at))


def verify(*, officer: User, at: datetime, clock: Callable[[], datetime]) -> VerificationRun:
    """Recompute the whole log, also when it is broken; keep the outcome, and log that it was done."""
    _settled(at=at)
    return log.verify(
        at=at, clock=clock, event_of=lambda run: _verified(run, officer=officer, at=at)
    )


def export(
    *, officer: User, filters: LogFilters, form: Literal["jsonl", "csv"], at: datetime
) -> Iterator[bytes]:
    """Log the export, then stream the selection: the line is committed before the first byte leaves.

    Raises:
        LogBrokenError: the log contradicts itself; no copy is made of that.
    """
    if _settled(at=at):
        raise LogBrokenError  # before the line that says that there was an export
    subject_id = subject_of(filters)
    _record(
        EventKind.LOG_EXPORTED,
        officer=officer,
        filters=filters,
        subject_id=subject_id,
        at=at,
        form=form,
    )
    log.settle(at=at)
    selection = entry_filter(filters, subject_id=subject_id)
    if form == "csv":
        return log_export.export_csv(filter=selection)
    return log_export.export_json_lines(filter=selection, at=at)


def _settled(*, at: datetime) -> str:
    """Number and sign what waits; return what the log contradicts itself in, if it does."""
    try:
        log.settle(at=at)
    except log.LogBrokenError as error:
        return str(error)
    return ""


def _verified(run: VerificationRun, *, officer: User, at: datetime) -> Event:
    return Event(
        kind=EventKind.LOG_VERIFIED,
        actor=Actor.OFFICER,
        at=at,
        subject_id=None,
        shown={},
        internal={"user": str(officer.id), "counted": run.counted, "faults": run.faults},
        outcome="sound" if run.is_sound else "broken",
    )


def _record(
    kind: EventKind,
    *,
    officer: User,
    filters: LogFilters,
    subject_id: UUID | None,
    at: datetime,
    form: str = "",
) -> None:
    asked: dict[str, Json] = {
        name: str(value)
        for name, value in asdict(filters).items()
        if value and name != "reference"  # a customer number has no place in the log
    }
    internal: dict[str, Json] = {"user": str(officer.id), "filter": asked}
    if form:
        internal["form"] = form
    known = subject_id if subject_id and subject_id.int else None
    with transaction.atomic():
        log.append(
            Event(
                kind=kind,
                actor=Actor.OFFICER,
                at=at,
                subject_id=known,
                shown={},
                internal=internal,
            )
        )
