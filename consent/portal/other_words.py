"""What somebody else did with the data of a person, or a person for somebody else, as whoever reads it says it."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.vocabulary import Ender, OpeningReason
from audit.events import Actor, EventKind
from consent.queries.values import SeenEvent
from consent.vocabulary import Channel

Words = str | Promise
Phrase = tuple[str, Words, Words, Words]  # icon, who, what, why

OPENING_REASONS: dict[str, Words] = {
    OpeningReason.CALLED: gettext_lazy("You called us"),
    OpeningReason.AT_THE_COUNTER: gettext_lazy("You came to our counter"),
    OpeningReason.WROTE: gettext_lazy("You wrote to us"),
    OpeningReason.COMPLAINT: gettext_lazy("You have a complaint"),
}
CHANNELS: dict[str, Words] = {
    Channel.TELEPHONE: gettext_lazy("You told us by telephone."),
    Channel.COUNTER: gettext_lazy("You told us at our counter."),
}
_PAGES: dict[str, Words] = {
    "my-data": pgettext_lazy("page that was looked at", "My data"),
    "my-choices": pgettext_lazy("page that was looked at", "My choices"),
    "purpose": gettext_lazy("the text of a question"),
    "confirmation": gettext_lazy("a choice that was saved"),
    "who-looked": pgettext_lazy("page that was looked at", "Who looked?"),
    "desk-customer": gettext_lazy("your data and your choices"),
    "desk-purpose": gettext_lazy("the text of a question"),
    "desk-confirmation": gettext_lazy("a choice that was saved"),
}
_YOU = gettext_lazy("You")
_DESK = gettext_lazy("Our customer service")
_EMPLOYEE = gettext_lazy("An employee of our customer service")
_OFFICE = gettext_lazy("Our privacy office")
_OTHER = "%(other)s"
_UNDER_MANDATE = gettext_lazy("With a mandate to act for you.")
_YOUR_MANDATE = gettext_lazy("With your mandate to act for someone else.")

_AFTER = {
    EventKind.CONSENT_GIVEN: gettext_lazy("For: %(purpose)s. From that moment we may use this."),
    EventKind.CONSENT_REFUSED: gettext_lazy("For: %(purpose)s. We do not use this."),
    EventKind.CONSENT_WITHDRAWN: gettext_lazy("For: %(purpose)s. We stopped using this at once."),
}
_BY_DESK = {
    EventKind.CONSENT_GIVEN: gettext_lazy("wrote down your yes: %(category)s."),
    EventKind.CONSENT_REFUSED: gettext_lazy("wrote down your no: %(category)s."),
    EventKind.CONSENT_WITHDRAWN: gettext_lazy("changed your yes to no: %(category)s."),
}
_BY_REPRESENTATIVE = {
    EventKind.CONSENT_GIVEN: gettext_lazy("said yes for you: %(category)s."),
    EventKind.CONSENT_REFUSED: gettext_lazy("said no for you: %(category)s."),
    EventKind.CONSENT_WITHDRAWN: gettext_lazy("changed your yes to no: %(category)s."),
}
_FOR_ANOTHER = {
    EventKind.CONSENT_GIVEN: gettext_lazy("said yes for %(other)s: %(category)s."),
    EventKind.CONSENT_REFUSED: gettext_lazy("said no for %(other)s: %(category)s."),
    EventKind.CONSENT_WITHDRAWN: gettext_lazy("changed a yes of %(other)s to no: %(category)s."),
    EventKind.DATA_SEEN: gettext_lazy("looked at the data of %(other)s: %(page)s."),
}
# Of a mandate, for the person whose data it is about.
_REPRESENTED: dict[tuple[str, str], Phrase] = {
    (EventKind.MANDATE_GIVEN, ""): (
        "key",
        _YOU,
        gettext_lazy("made a mandate, so that someone can act for you."),
        gettext_lazy("It counts once that person accepts it with your code."),
    ),
    (EventKind.MANDATE_ACCEPTED, ""): (
        "user",
        _OTHER,
        gettext_lazy("can act for you from now on."),
        gettext_lazy("You gave this mandate. You can end it at any moment."),
    ),
    (EventKind.MANDATE_RECORDED, ""): (
        "user",
        _OFFICE,
        gettext_lazy("wrote down that %(other)s acts for you."),
        gettext_lazy("This follows from the law. Call us if it is not right."),
    ),
    (EventKind.MANDATE_STARTED, ""): (
        "user",
        _OTHER,
        gettext_lazy("began to act for you."),
        _UNDER_MANDATE,
    ),
    (EventKind.MANDATE_ENDED, Ender.REPRESENTED): (
        "ban",
        _YOU,
        gettext_lazy("ended the mandate of %(other)s."),
        gettext_lazy("From that moment nobody acts for you with it."),
    ),
    (EventKind.MANDATE_ENDED, Ender.REPRESENTATIVE): (
        "ban",
        _OTHER,
        gettext_lazy("no longer acts for you."),
        gettext_lazy("From that moment nobody acts for you with it."),
    ),
    (EventKind.MANDATE_ENDED, Ender.OFFICER): (
        "ban",
        _OFFICE,
        gettext_lazy("ended the mandate of %(other)s."),
        gettext_lazy("From that moment nobody acts for you with it."),
    ),
}
# The same, for the person who acts.
_REPRESENTATIVE: dict[tuple[str, str], Phrase] = {
    (EventKind.MANDATE_ACCEPTED, ""): (
        "user",
        _YOU,
        gettext_lazy("can act for %(other)s from now on."),
        _YOUR_MANDATE,
    ),
    (EventKind.MANDATE_RECORDED, ""): (
        "user",
        _OFFICE,
        gettext_lazy("wrote down that you act for %(other)s."),
        gettext_lazy("This follows from the law. Call us if it is not right."),
    ),
    (EventKind.MANDATE_STARTED, ""): (
        "user",
        _YOU,
        gettext_lazy("began to act for %(other)s."),
        _YOUR_MANDATE,
    ),
    (EventKind.MANDATE_ENDED, Ender.REPRESENTED): (
        "ban",
        _OTHER,
        gettext_lazy("ended your mandate."),
        gettext_lazy("You no longer act for this person."),
    ),
    (EventKind.MANDATE_ENDED, Ender.REPRESENTATIVE): (
        "ban",
        _YOU,
        gettext_lazy("ended your mandate to act for %(other)s."),
        gettext_lazy("You no longer act for this person."),
    ),
    (EventKind.MANDATE_ENDED, Ender.OFFICER): (
        "ban",
        _OFFICE,
        gettext_lazy("ended your mandate to act for %(other)s."),
        gettext_lazy("You no longer act for this person."),
    ),
}


def phrase_of(event: SeenEvent) -> Phrase | None:
    """Return the phrase for an event in which two people, or the service desk, have a part; else None."""
    if event.kind == EventKind.MANDATE_USED and event.act in _FOR_ANOTHER:
        why = _AFTER_FOR_ANOTHER if event.purpose else _YOUR_MANDATE
        return "user", _YOU, _FOR_ANOTHER[EventKind(event.act)], why
    if event.mandate and (event.kind, event.ended_by) in _REPRESENTED:
        told = _REPRESENTATIVE if event.is_for_other else _REPRESENTED
        return told.get((event.kind, event.ended_by))
    if event.actor == Actor.DESK:
        return _of_desk(event)
    if event.actor == Actor.REPRESENTATIVE:
        return _of_representative(event)
    return None


def facts_of(event: SeenEvent) -> dict[str, str]:
    """Return what is filled in in a phrase."""
    reason = OPENING_REASONS.get(event.reason, "")
    note = f". {event.note}" if event.note else "."
    nobody = _("someone") if event.is_for_other else _("someone who could act for you")
    return {
        "category": event.category,
        "purpose": event.purpose,
        "page": str(_PAGES.get(event.page, event.page)),
        "reason": f"{reason}{note}",
        "other": event.other or nobody,
    }


def said_at(channel: str) -> str:
    """Return how the desk came to know a choice; "" for a choice on the website."""
    return str(CHANNELS.get(channel, ""))


_AFTER_FOR_ANOTHER = gettext_lazy("For: %(purpose)s.")


def _of_desk(event: SeenEvent) -> Phrase | None:
    if event.kind == EventKind.CUSTOMER_OPENED:
        return (
            "eye",
            _EMPLOYEE,
            gettext_lazy("opened your data."),
            gettext_lazy("Reason: %(reason)s"),
        )
    if event.kind == EventKind.DATA_SEEN:
        what = gettext_lazy("looked at %(page)s.")
        return "eye", _EMPLOYEE, what, gettext_lazy("Reason: %(reason)s")
    if event.kind in _BY_DESK:
        kind = EventKind(event.kind)
        return "pen", _DESK, _BY_DESK[kind], f"{said_at(event.channel)} {_AFTER[kind]}".strip()
    return None


def _of_representative(event: SeenEvent) -> Phrase | None:
    if event.kind == EventKind.DATA_SEEN:
        what = gettext_lazy("looked at your data: %(page)s.")
        return "eye", _OTHER, what, _UNDER_MANDATE
    if event.kind in _BY_REPRESENTATIVE:
        kind = EventKind(event.kind)
        return "pen", _OTHER, _BY_REPRESENTATIVE[kind], _AFTER[kind]
    return None
