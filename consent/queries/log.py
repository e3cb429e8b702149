"""The log as a privacy officer reads it: filtered, paged by cursor, with its state of verification first."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

from accounts.queries import subject_by_reference
from audit import keyring, witnessed
from audit import queries as log
from audit.counting import per_day
from audit.events import EventKind
from audit.inspection import inspect
from consent.queries.log_days import LogDay, LogDays
from consent.queries.register import Register, current_register
from consent.queries.values import LogEntryPage, LogLine, LogPage, LogState

COUNTED = 10_000  # lines; of more than that the page says "more than"
SHOWN_DAYS, MOST_DAYS = 30, 92
_LOOKED_UP = 100_000  # lines of which the payload is read to count them per day
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
    after: int | None,
    limit: int,
    language: str,
    today: date,
    contradiction: str = "",
) -> LogPage:
    """Return one page of the log, newest first: a fixed number of queries, none of which reads the whole log.

    `contradiction` is why the log cannot go on, when it cannot.
    """
    selection = entry_filter(filters, subject_id=subject_id)
    found, older, newer = _page(selection, before=before, after=after, limit=limit)
    state = log_state(contradiction=contradiction)
    total, is_more = _total(selection, state)
    register = current_register()
    return LogPage(
        lines=tuple(_line(entry, register=register, language=language) for entry in found),
        total=total,
        is_more=is_more,
        older=older,
        newer=newer,
        days=_days(filters, selection, today=today),
        state=state,
    )


def _page(
    selection: log.EntryFilter, *, before: int | None, after: int | None, limit: int
) -> tuple[list[log.EntryView], int | None, int | None]:
    """Return the entries of a page, and the cursors of the older and the newer page."""
    if after is not None:
        found = log.entries(filter=selection, after=after, limit=limit + 1)
        if len(found) > limit:
            return found[1:], found[-1].id, found[1].id
        before = None  # too few are newer for a page of their own: show the newest page
    found = log.entries(filter=selection, before=before, limit=limit + 1)
    older = found[limit - 1].id if len(found) > limit else None
    return found[:limit], older, found[0].id if found and before is not None else None


def _total(selection: log.EntryFilter, state: LogState) -> tuple[int, bool]:
    """Return how many lines match, and whether there are more than that."""
    if selection == log.EntryFilter():
        return state.size + state.pending, False
    counted = log.count(selection, limit=COUNTED + 1)
    return min(counted, COUNTED), counted > COUNTED


def _days(filters: LogFilters, selection: log.EntryFilter, *, today: date) -> LogDays:
    """Return the lines per day: of the days that were asked for, else of the last thirty."""
    last = max(min(filters.until or today, today), filters.since or date.min)
    first = filters.since or last - timedelta(days=SHOWN_DAYS - 1)
    begin = max(first, last - timedelta(days=MOST_DAYS - 1))
    each = [begin + timedelta(days=number) for number in range((last - begin).days + 1)]
    counted = per_day(
        filter=selection,
        days=[(_midnight(day), _midnight(day + timedelta(days=1))) for day in each],
        limit=_LOOKED_UP,
    )
    return LogDays(
        days=tuple(
            LogDay(day=timezone.localtime(day.since).date(), total=day.total, refused=day.refused)
            for day in counted
        ),
        is_cut=timezone.localtime(counted[0].since).date() > first,
    )


def log_entry(*, uid: UUID, language: str, contradiction: str = "") -> LogEntryPage:
    """Return one line with everything around it: a fixed number of queries.

    Raises:
        UnknownEntryError: there is no such line.
    """
    found, register = inspect(uid), current_register()
    return LogEntryPage(
        line=_line(found.view, register=register, language=language),
        entry=found,
        names={
            "purpose": register.purpose_title(found.view.purpose, language),
            "dataCategory": register.category_title(found.view.data_category, language),
            "recipient": register.recipient_name(found.view.recipient, language),
        },
        contradiction=contradiction,
    )


def log_state(*, contradiction: str = "") -> LogState:
    """Return up to where the log is numbered, signed and recomputed."""
    head, run, seen = log.head(), log.last_run(), witnessed.state()
    return LogState(
        size=head.size,
        pending=head.pending,
        root=head.root.hex(),
        checkpoint_size=head.checkpoint_size,
        checkpoint_at=head.checkpoint_at,
        run_at=run.finished_at if run else None,
        run_counted=run.counted if run else 0,
        run_faults=run.faults if run else 0,
        first_fault=(run.first_fault if run else "") or contradiction or seen.fault,
        is_witnessed=seen.is_asked,
        witnessed_size=seen.size,
        witnessed_at=seen.at,
        witnesses=", ".join(seen.names),
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
        is_erased=entry.is_erased,
        is_damaged=entry.is_damaged,
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
