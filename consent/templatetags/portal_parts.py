"""Parts of the customers' pages: where a choice stands, and what happened."""

from datetime import date

from django import template

from consent.portal import wording
from consent.queries.confirmed import Confirmation
from consent.queries.values import CategoryHoldings, SeenEvent
from consent.vocabulary import Standing

register = template.Library()


@register.inclusion_tag("components/choice.html")
def choice_pill(standing: Standing | None) -> dict[str, wording.Pill]:
    return {"pill": wording.pill(standing)}


@register.filter
def meaning(standing: Standing | None) -> str:
    return str(wording.pill(standing).meaning)


@register.filter
def is_open(standing: Standing | None) -> bool:
    """Return whether there is something left to choose."""
    return wording.pill(standing).is_open


@register.inclusion_tag("components/event.html")
def event_line(event: SeenEvent, today: date) -> dict[str, object]:
    """Tell one event outside a list of days: the moment names its day."""
    return {
        "sentence": wording.sentence(event),
        "when": wording.when(event.at, today=today),
    }


@register.filter
def chosen_by(confirmation: Confirmation) -> str:
    """Return who chose, when it was not the data subject on this website; else ""."""
    return wording.chosen_by(confirmation)


@register.filter
def together(events: tuple[SeenEvent, ...]) -> tuple[SeenEvent, ...]:
    return wording.together(events)


@register.filter
def who_can_see(category: CategoryHoldings) -> str:
    return wording.who_can_see(category)


@register.filter
def last_look(category: CategoryHoldings, today: date) -> str:
    return wording.last_look(category, today=today)


@register.filter
def retentions(category: CategoryHoldings) -> list[tuple[str, str]]:
    """Return how long the values are kept, each sentence once, with the values that it is about."""
    about: dict[str, list[str]] = {}
    for held in category.values:
        about.setdefault(held.retention, []).append(held.label)
    is_one = len(about) == 1
    return [
        (sentence, "" if is_one else ", ".join(dict.fromkeys(labels)))
        for sentence, labels in about.items()
    ]
