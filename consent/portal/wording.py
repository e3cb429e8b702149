"""Codes into sentences: who did what, why and when, in words that everyone understands."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from audit.events import EventKind
from consent.portal.event_words import (
    BECAUSE,
    DAMAGED,
    LOGGED_IN_WITH,
    OTHER_KINDS,
    STOPPED,
    UNKNOWN_KIND,
)
from consent.portal.other_words import Words, facts_of, phrase_of, said_at
from consent.queries.confirmed import Confirmation
from consent.queries.values import CategoryHoldings, SeenEvent
from consent.templatetags.parts import clock, day
from consent.vocabulary import Standing

_EVENING, _AFTERNOON = 18, 12  # the hours at which a part of the day starts

_PILLS: dict[Standing, tuple[str, Words]] = {
    Standing.NEVER_ASKED: ("question", gettext_lazy("Not chosen yet")),
    Standing.GIVEN: ("check", gettext_lazy("Yes, you may")),
    Standing.REFUSED: ("minus", gettext_lazy("No, you may not")),
    Standing.WITHDRAWN: ("minus", gettext_lazy("No, you may not")),
    Standing.EXPIRED: ("question", gettext_lazy("Your yes has ended")),
    Standing.LAPSED: ("question", gettext_lazy("Our explanation changed")),
}
_MEANINGS: dict[Standing, Words] = {
    Standing.NEVER_ASKED: gettext_lazy("We do not use your data for this."),
    Standing.GIVEN: gettext_lazy("We may use this data for this."),
    Standing.REFUSED: gettext_lazy("We do not use your data for this."),
    Standing.WITHDRAWN: gettext_lazy("We do not use your data for this."),
    Standing.EXPIRED: gettext_lazy("We no longer use your data for this. You may choose again."),
    Standing.LAPSED: gettext_lazy(
        "We no longer use your data for this. Read the new text and choose again."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pill:
    """Where a choice stands, in an icon and two or three words. Yes and no look alike on purpose."""

    icon: str
    text: Words
    is_open: bool
    meaning: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSentence:
    """One event as its data subject reads it."""

    icon: str
    who: Words
    what: str
    why: str
    tag: Words
    at: datetime
    provable: tuple[UUID, ...] = ()  # lines that a proof can be downloaded of


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    heading: str
    sentences: tuple[tuple[str, EventSentence], ...]  # (time of the day, sentence)


def pill(standing: Standing | None) -> Pill:
    """Return the words for a standing; None stands for a purpose that needs no consent."""
    if standing is None:
        return Pill(
            icon="info",
            text=_("No consent needed"),
            is_open=False,
            meaning=_("You do not choose this."),
        )
    icon, text = _PILLS[standing]
    return Pill(icon=icon, text=text, is_open=icon == "question", meaning=_MEANINGS[standing])


def greeting(*, at: datetime) -> str:
    """Return the greeting for this part of the day."""
    hour = timezone.localtime(at).hour
    if hour >= _EVENING:
        return _("Good evening")
    if hour >= _AFTERNOON:
        return _("Good afternoon")
    return _("Good morning")


def sentence(event: SeenEvent) -> EventSentence:
    """Return the event as a sentence. A kind that is not shown to people yet gets a plain one."""
    if event.kind == EventKind.ACCESS_DECIDED and not event.is_damaged:
        return _about_use(event)
    known = phrase_of(event) or OTHER_KINDS.get(event.kind, UNKNOWN_KIND)
    icon, who, what, why = DAMAGED if event.is_damaged else known
    about = facts_of(event)
    said_by = str(who) % about
    return EventSentence(
        icon=icon,
        who=said_by[:1].upper() + said_by[1:],
        what=str(what) % about,
        why=str(LOGGED_IN_WITH.get(event.factor, why)) % about,
        tag="",
        at=event.at,
        provable=event.provable,
    )


def together(events: Iterable[SeenEvent]) -> tuple[SeenEvent, ...]:
    """Return the events with the same answers of one press as one, about all their categories."""
    found: dict[tuple[str, str], list[SeenEvent]] = {}
    for event in events:
        found.setdefault((event.submission or str(event.uid), event.kind), []).append(event)
    return tuple(
        replace(
            same[0],
            category=", ".join(event.category for event in reversed(same)),
            provable=tuple(uid for event in reversed(same) for uid in event.provable),
        )
        for same in found.values()
    )


def days(events: Iterable[SeenEvent], *, today: date) -> tuple[Day, ...]:
    """Return the events grouped by the day on which they happened, in the order given: newest first."""
    return tuple(
        Day(
            heading=day_name(on, today=today),
            sentences=tuple((clock(event.at), sentence(event)) for event in same_day),
        )
        for on, same_day in groupby(
            together(events), key=lambda event: timezone.localtime(event.at).date()
        )
    )


def day_name(on: date, *, today: date) -> str:
    """Say a day as people do: today, yesterday, or the date."""
    if on == today:
        return _("Today")
    return _("Yesterday") if (today - on).days == 1 else day(on)


def when(at: datetime, *, today: date) -> str:
    """Say a moment as people do: "Vandaag om 10.42 uur"."""
    return _("%(day)s at %(time)s") % {
        "day": day_name(timezone.localtime(at).date(), today=today),
        "time": clock(at),
    }


def who_can_see(category: CategoryHoldings) -> str:
    """Return in a few words who can see a category, for the closed panel."""
    count = len(category.recipients)
    if not count:
        is_a_choice = bool(category.recipients_without_yes)
        return _("Nobody may use this now") if is_a_choice else _("Nobody can see this")
    return ngettext(
        "%(count)d team or company can see this",
        "%(count)d teams or companies can see this",
        count,
    ) % {"count": count}


def last_look(category: CategoryHoldings, *, today: date) -> str:
    """Return in a few words when somebody last used, or tried to use, a category."""
    event = category.last_look
    if event is None:
        return _("Not used yet")
    if event.is_damaged:
        return _("The last line about this is damaged")
    words = {"day": _in_a_sentence(timezone.localtime(event.at).date(), today=today)}
    if event.outcome == "permitted":
        return _("Last used %(day)s") % words
    return _("Stopped %(day)s") % words


def chosen_by(confirmation: Confirmation) -> str:
    """Return who chose, when it was not the data subject on this website; else ""."""
    if confirmation.is_by_desk:
        wrote = _("An employee of our customer service wrote it down.")
        return f"{said_at(confirmation.channel)} {wrote}"
    if confirmation.representative is None:
        return ""
    name = confirmation.representative or _("someone who could act for you")
    return _("Chosen by %(name)s, with a mandate to act for you.") % {"name": name}


def _in_a_sentence(on: date, *, today: date) -> str:
    if on == today:
        return pgettext("within a sentence", "today")
    if (today - on).days == 1:
        return pgettext("within a sentence", "yesterday")
    return pgettext("within a sentence", "on %(day)s") % {"day": day(on)}


def _about_use(event: SeenEvent) -> EventSentence:
    is_permitted = event.outcome == "permitted"
    what = (
        _("used your data: %(category)s.")
        if is_permitted
        else _("wanted to use your data: %(category)s.")
    )
    what_for = _("For: %(purpose)s.") % {"purpose": event.purpose} if event.purpose else ""
    because = str(BECAUSE.get(event.reason, "" if is_permitted else STOPPED))
    tag = _("Computer") if event.is_automated and is_permitted else ""
    return EventSentence(
        icon=_use_icon(event),
        who=event.recipient or _("An unknown service"),
        what=what % {"category": event.category or _("something we do not have")},
        why=" ".join(part for part in (what_for, because) if part),
        tag=tag if is_permitted else _("Stopped"),
        at=event.at,
        provable=event.provable,
    )


def _use_icon(event: SeenEvent) -> str:
    if event.outcome != "permitted":
        return "ban"
    return "cpu" if event.is_automated else "eye"
