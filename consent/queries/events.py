"""What happened with the data of one person, in the reader's language: 'Wie keek er?'."""

from dataclasses import dataclass
from uuid import UUID

from audit import published
from audit import queries as log
from audit.events import EventKind
from consent.queries.register import Register, current_register
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
        EventKind.ACTIVATION_ASKED,
        EventKind.LOGIN_MADE,
        EventKind.LETTER_MADE,
        EventKind.LETTER_REFUSED,
        EventKind.DEVICE_LETTER_ASKED,
        EventKind.DEVICE_LETTER_USED,
        EventKind.PASSWORD_RESET_ASKED,
        EventKind.PASSWORD_RESET,
        EventKind.PASSWORD_CHANGED,
        EventKind.EMAIL_CHANGE_ASKED,
        EventKind.EMAIL_CHANGED,
        EventKind.EMAIL_RESTORED,
        EventKind.RECOVERY_OPENED,
        EventKind.RECOVERY_APPROVED,
        EventKind.RECOVERY_CANCELLED,
        EventKind.RECOVERY_DONE,
        EventKind.RECOVERY_CODES_MADE,
        EventKind.FACTOR_DISABLED,
    }
)
EVERYTHING = CHOICES | LOOKS | SIGN_INS | {EventKind.TAG_KEY_TAKEN, EventKind.VALUE_SHOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Newest first. `older` is the cursor of the next page, None on the last."""

    events: tuple[SeenEvent, ...]
    older: int | None


def events_about(
    *, subject_id: UUID, language: str, show: str = "all", before: int | None = None, limit: int
) -> EventPage:
    """Return what happened with the data of this person: a fixed number of queries, whatever the history.

    `show` is "all", "used", "stopped", "mine" or "sign-ins"; anything else counts as "all".
    """
    return events_in(
        current_register(),
        subject_id=subject_id,
        language=language,
        show=show,
        before=before,
        limit=limit,
    )


def events_in(
    register: Register,
    *,
    subject_id: UUID,
    language: str,
    show: str = "all",
    before: int | None = None,
    limit: int,
) -> EventPage:
    """Return the same for a caller who has the register at hand."""
    kinds, outcome = _selection(show)
    found = log.entries(
        filter=log.EntryFilter(subject_id=subject_id, kinds=kinds, outcome=outcome),
        before=before,
        limit=limit + 1,
    )
    signed = published.size()
    return EventPage(
        events=tuple(seen(entry, register, language, signed=signed) for entry in found[:limit]),
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
    )


def _selection(show: str) -> tuple[frozenset[str], str]:
    if show == "used":
        return frozenset({EventKind.ACCESS_DECIDED}), "permitted"
    if show == "stopped":
        return frozenset({EventKind.ACCESS_DECIDED}), "refused"
    if show == "mine":
        return frozenset(CHOICES), ""
    if show == "sign-ins":
        return frozenset(SIGN_INS), ""
    return frozenset(EVERYTHING), ""
