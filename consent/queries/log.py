"""The log as a privacy officer reads it: filtered, paged by cursor, with its state of verification first."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

from accounts.queries import subject_by_reference
from audit import keyring
from audit import queries as log
from audit.events import EventKind
from consent.queries.register import Register, current_register
from consent.queries.values import LogLine, LogPage, LogState

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilters:
    """What an officer asked for. `until` is the last day that is shown. `reference` is a customer number."""

    since: date | None = None
    until: date | None = None
    kind: str = ""
    purpose: str = ""
    outcome: str = ""
    recipient: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOptions:
    kinds: tuple[str, ...]
    purposes: tuple[tuple[str, str], ...]
    recipients: tuple[tuple[str, str], ...]


def filter_options(*, language: str) -> FilterOptions:
    """Return what can be filtered on, as (code, name) pairs; kinds get their names in `officer/wording.py`."""
    register = current_register()
    return FilterOptions(
        kinds=tuple(kind.value for kind in EventKind),
        purposes=tuple(
            (slug, register.purpose_title(slug, language)) for slug in register.purposes
        ),
        recipients=tuple(
            (slug, register.recipient_name(slug, language)) for slug in register.recipients
        ),
    )


def subject_of(filters: LogFilters) -> UUID | None:
    """Return the data subject that the reference names: None without a reference, nobody when unknown."""
    if not filters.reference:
        return None
    subject = subject_by_reference(filters.reference)
    return subject.id if subject else _NOBODY


def entry_filter(filters: LogFilters, *, subject_id: UUID | None) -> log.EntryFilter:
    """Return the same selection in the words of the log: moments in UTC, ids."""
    return log.EntryFilter(
        since=_midnight(filters.since) if filters.since else None,
        until=_midnight(filters.until + timedelta(days=1)) if filters.until else None,
        kind=filters.kind,
        purpose=filters.purpose,
        outcome=filters.outcome,
        recipient=filters.recipient,
        subject_id=subject_id,
    )


def log_page(
    *,
    filters: LogFilters,
    subject_id: UUID | None,
    before: int | None,
    limit: int,
    language: str,
    contradiction: str = "",
) -> LogPage:
    """Return one page of the log, newest first: a fixed number of queries.

    `contradiction` is why the log cannot go on, when it cannot.
    """
    selection = entry_filter(filters, subject_id=subject_id)
    found = log.entries(filter=selection, before=before, limit=limit + 1)
    register = current_register()
    return LogPage(
        lines=tuple(_line(entry, register=register, language=language) for entry in found[:limit]),
        total=log.count(filter=selection),
        older=found[limit - 1].id if len(found) > limit else None,
        state=log_state(contradiction=contradiction),
    )


def log_state(*, contradiction: str = "") -> LogState:
    """Return up to where the log is numbered, signed and recomputed."""
    head, run = log.head(), log.last_run()
    return LogState(
        size=head.size,
        pending=head.pending,
        root=head.root.hex(),
        checkpoint_size=head.checkpoint_size,
        checkpoint_at=head.checkpoint_at,
        run_at=run.finished_at if run else None,
        run_counted=run.counted if run else 0,
        run_faults=run.faults if run else 0,
        first_fault=(run.first_fault if run else "") or contradiction,
    )


def pseudonym(subject_id: UUID) -> str:
    """Return a short name for a person that says nothing about who it is, the same on every page."""
    return "k-" + keyring.blind_index(label="pseudonym", value=str(subject_id))[:8].upper()


def _line(entry: log.EntryView, *, register: Register, language: str) -> LogLine:
    told = entry.shown if entry.subject_id else entry.internal
    return LogLine(
        index=entry.index,
        uid=entry.uid,
        at=entry.at,
        kind=str(entry.kind),
        actor=str(entry.actor),
        who=register.recipient_name(entry.recipient, language),
        data_subject=pseudonym(entry.subject_id) if entry.subject_id else "",
        category=register.category_title(entry.data_category, language),
        purpose=register.purpose_title(entry.purpose, language),
        outcome=entry.outcome,
        reason=str((told or {}).get("reason", "")),
        is_erased=entry.subject_id is not None and entry.shown is None and not entry.is_damaged,
        is_damaged=entry.is_damaged,
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
