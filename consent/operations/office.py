"""What a privacy officer does with the log. Reading it is itself a line in it, written before anything is shown."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction

from accounts.models import User
from audit import export as log_export
from audit import operations as log
from audit.canonical import Json
from audit.events import Actor, Event, EventKind
from audit.models import VerificationRun
from consent.queries.log import LogFilters, entry_filter, log_page, subject_of
from consent.queries.values import LogPage

PAGE = 50


def read_log(
    *, officer: User, filters: LogFilters, before: int | None, language: str, at: datetime
) -> LogPage:
    """Log the look, then return the page. Whoever is named in the filter can see that he was looked up."""
    subject_id = subject_of(filters)
    _record(EventKind.LOG_READ, officer=officer, filters=filters, subject_id=subject_id, at=at)
    log.settle(at=at)
    return log_page(
        filters=filters, subject_id=subject_id, before=before, limit=PAGE, language=language
    )


def verify(*, officer: User, at: datetime) -> VerificationRun:
    """Recompute the whole log, keep the outcome, and log that it was done."""
    log.settle(at=at)
    run = log.verify(at=at)
    with transaction.atomic():
        log.append(
            Event(
                kind=EventKind.LOG_VERIFIED,
                actor=Actor.OFFICER,
                at=at,
                subject_id=None,
                shown={},
                internal={"user": str(officer.id), "counted": run.counted, "faults": run.faults},
                outcome="sound" if run.is_sound else "broken",
            )
        )
    return run


def export(
    *, officer: User, filters: LogFilters, form: Literal["jsonl", "csv"], at: datetime
) -> Iterator[bytes]:
    """Log the export, then stream the selection: the line is committed before the first byte leaves."""
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
