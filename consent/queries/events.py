"""What happened with the data of one person, in the reader's language: 'Wie keek er?'."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from accounts.queries import parties_of
from audit import published
from audit import queries as log
from audit.events import EventKind
from consent.queries.register import Register, current_register
from consent.queries.sight import ALL, Sight
from consent.queries.values import SeenEvent
from consent.vocabulary import ConsentStatus

KIND_OF_CHOICE = {
    ConsentStatus.GIVEN: EventKind.CONSENT_GIVEN,
    ConsentStatus.REFUSED: EventKind.CONSENT_REFUSED,
    ConsentStatus.WITHDRAWN: EventKind.CONSENT_WITHDRAWN,
}
CHOICES = frozenset(KIND_OF_CHOICE.values())
LOOKS = frozenset(
    {
        EventKind.CUSTOMER_OPENED,
        EventKind.DATA_SEEN,
        EventKind.ACCESS_DECIDED,
        EventKind.LOG_READ,
        EventKind.LOG_EXPORTED,
        EventKind.EXPORT_DOWNLOADED,
    }
)
SIGN_INS = frozenset(
    {
        EventKind.SIGNED_IN,
        EventKind.IDENTITY_CONFIRMED,
        EventKind.SESSION_ENDED,
        EventKind.SIGN_IN_FAILED,
        EventKind.SECOND_FACTOR_ADDED,
        EventKind.PASSKEY_ADDED,
        EventKind.PASSKEY_RENAMED,
        EventKind.PASSKEY_REMOVED,
        EventKind.RECOVERY_CODE_USED,
        EventKind.RECOVERY_CODES_MADE,
        EventKind.FACTOR_DISABLED,
    }
)
MANDATES = frozenset(
    {
        EventKind.MANDATE_GIVEN,
        EventKind.MANDATE_ACCEPTED,
        EventKind.MANDATE_RECORDED,
        EventKind.MANDATE_ENDED,
        EventKind.MANDATE_STARTED,
        EventKind.MANDATE_USED,
    }
)
EVERYTHING = (
    CHOICES | LOOKS | SIGN_INS | MANDATES | {EventKind.TAG_KEY_TAKEN, EventKind.VALUE_SHOWN}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Newest first. `older` is the cursor of the next page, None on the last."""

    events: tuple[SeenEvent, ...]
    older: int | None


def events_about(
    *,
    subject_id: UUID,
    language: str,
    show: str = "all",
    before: int | None = None,
    limit: int,
    sight: Sight = ALL,
) -> EventPage:
    """Return what happened with the data of this person: a fixed number of queries, whatever the history.

    `show` is "all", "used", "stopped", "mine", "people", "mandates" or "sign-ins"; anything else counts as "all".
    """
    return events_in(
        current_register(),
        subject_id=subject_id,
        language=language,
        show=show,
        before=before,
        limit=limit,
        sight=sight,
    )


def events_in(
    register: Register,
    *,
    subject_id: UUID,
    language: str,
    show: str = "all",
    before: int | None = None,
    limit: int,
    sight: Sight = ALL,
) -> EventPage:
    """Return the same for a caller who has the register at hand."""
    kinds, outcome = _SELECTIONS.get(show, (EVERYTHING, ""))
    if sight.kinds is not None:
        kinds &= sight.kinds
    if not kinds:  # to the log that would mean every kind
        return EventPage(events=(), older=None)
    found = log.entries(
        filter=log.EntryFilter(subject_id=subject_id, kinds=kinds, outcome=outcome),
        before=before,
        limit=limit + 1,
    )
    signed = published.size()
    events = [seen(entry, register, language, signed=signed) for entry in found[:limit]]
    return EventPage(
        events=_with_names([event for event in events if sight.sees(event)]),
        older=found[limit - 1].id if len(found) > limit else None,
    )


def seen(entry: log.EntryView, register: Register, language: str, *, signed: int = 0) -> SeenEvent:
    """Return one entry in codes and names that its data subject may read.

    `signed` is how many entries the newest signed head covers: those can be proven.
    """
    shown = entry.shown or {}
    recipient = register.recipients.get(entry.recipient)
    return SeenEvent(
        uid=entry.uid,
        kind=str(entry.kind),
        at=entry.at,
        recipient=register.recipient_name(entry.recipient, language),
        is_automated=recipient.is_automated if recipient else False,
        category=register.category_title(entry.data_category, language),
        purpose_slug=entry.purpose,
        purpose=register.purpose_title(entry.purpose, language),
        outcome=entry.outcome,
        reason=str(shown.get("reason", "")),
        provable=(entry.uid,) if entry.index is not None and entry.index < signed else (),
        submission=str(shown.get("submission", "")),
        factor=str(shown.get("factor", "")),
        is_damaged=entry.is_damaged,
        category_slug=entry.data_category,
        actor=str(entry.actor),
        channel=str(shown.get("channel", "")),
        page=str(shown.get("page", "")),
        note=str(shown.get("note", "")),
        mandate=UUID(str(shown["mandate"])) if "mandate" in shown else None,
        is_for_other=shown.get("as") == "representative",
        act=str(shown.get("act", "")),
        ended_by=str(shown.get("endedBy", "")),
    )


def _with_names(events: Sequence[SeenEvent]) -> tuple[SeenEvent, ...]:
    """Name the other person of each mandate: one query, and none where there are no mandates."""
    people = parties_of({event.mandate for event in events if event.mandate})
    return tuple(
        replace(event, other=people[event.mandate][0 if event.is_for_other else 1])
        if event.mandate and event.mandate in people
        else event
        for event in events
    )


_SELECTIONS: Mapping[str, tuple[frozenset[str], str]] = {  # kinds, and the outcome
    "used": (frozenset({EventKind.ACCESS_DECIDED}), "permitted"),
    "stopped": (frozenset({EventKind.ACCESS_DECIDED}), "refused"),
    "mine": (CHOICES, ""),
    "people": (LOOKS - {EventKind.ACCESS_DECIDED}, ""),
    "mandates": (MANDATES, ""),
    "sign-ins": (SIGN_INS, ""),
}
