"""What two people, or the service desk, did: a sentence for each of them, with nothing left open."""

from uuid import UUID

import pytest
from django.utils import translation

from accounts.vocabulary import Ender, OpeningReason
from audit.events import Actor, EventKind
from consent.portal import wording
from consent.portal.other_words import phrase_of
from consent.queries.events import CHOICES, MANDATES
from consent.queries.values import SeenEvent
from consent.vocabulary import Channel
from tests.factories import NOW

MANDATE = UUID(int=1)
ENDED = EventKind.MANDATE_ENDED


def event(kind: str, actor: Actor, **facts: object) -> SeenEvent:
    known: dict[str, object] = {
        "uid": UUID(int=9),
        "recipient": "",
        "is_automated": False,
        "category": "Verbruik",
        "purpose_slug": "lek",
        "purpose": "Lekken",
        "outcome": "",
        "reason": "",
        "other": "mevrouw A. Jansen",
        "page": "my-data",
    }
    return SeenEvent(kind=kind, actor=actor, at=NOW, **{**known, **facts})  # type: ignore[arg-type]


def cases() -> list[tuple[str, SeenEvent]]:
    found = [
        event(kind, actor, mandate=mandate, channel=channel)
        for kind in sorted(CHOICES)
        for actor, mandate, channel in (
            (Actor.DESK, None, Channel.TELEPHONE),
            (Actor.DESK, None, Channel.COUNTER),
            (Actor.REPRESENTATIVE, MANDATE, Channel.PORTAL),
        )
    ]
    found += [
        event(kind, Actor.DESK, reason=reason, note="Vraag")
        for kind in (EventKind.CUSTOMER_OPENED, EventKind.DATA_SEEN)
        for reason in OpeningReason
    ]
    found.append(event(EventKind.DATA_SEEN, Actor.REPRESENTATIVE, mandate=MANDATE))
    found += [
        event(kind, Actor.REPRESENTATIVE, mandate=MANDATE, ended_by=by, is_for_other=is_other)
        for kind in sorted(MANDATES - {EventKind.MANDATE_USED})
        for by in (Ender if kind == ENDED else ("",))
        for is_other in (False, True)
        if not (is_other and kind == EventKind.MANDATE_GIVEN)
    ]
    found += [
        event(
            EventKind.MANDATE_USED, Actor.DATA_SUBJECT, mandate=MANDATE, act=act, is_for_other=True
        )
        for act in (*sorted(CHOICES), EventKind.DATA_SEEN)
    ]
    return [(f"{it.kind}-{it.actor}-{it.ended_by}-{it.is_for_other}-{it.act}", it) for it in found]


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("seen", [it for _, it in cases()], ids=range(len(cases())))
def test_everything_is_a_sentence(seen: SeenEvent, language: str) -> None:
    with translation.override(language):
        sentence = wording.sentence(seen)

    assert phrase_of(seen)
    assert str(sentence.who)[0].isupper()
    assert "%(" not in f"{sentence.who}{sentence.what}{sentence.why}"
    assert sentence.what.endswith(".")


@pytest.mark.parametrize("seen", [it for _, it in cases()], ids=range(len(cases())))
def test_nobody_is_named_any_more_when_the_other_is_gone(seen: SeenEvent) -> None:
    nameless = event(seen.kind, Actor(seen.actor), **{
        **{name: getattr(seen, name) for name in ("mandate", "ended_by", "is_for_other", "act")},
        "reason": seen.reason, "channel": seen.channel, "other": "",
    })  # fmt: skip
    sentence = wording.sentence(nameless)

    assert "Jansen" not in f"{sentence.who}{sentence.what}{sentence.why}"


@pytest.mark.parametrize("kind", [EventKind.SIGNED_IN, EventKind.LOG_READ, "some.new.kind"])
@pytest.mark.parametrize("actor", [Actor.DATA_SUBJECT, Actor.DESK, Actor.REPRESENTATIVE])
def test_of_everything_else_it_says_nothing(kind: str, actor: Actor) -> None:
    assert phrase_of(event(kind, actor)) is None


def test_a_mandate_that_was_given_is_no_line_of_who_holds_it() -> None:
    held = event(EventKind.MANDATE_GIVEN, Actor.DATA_SUBJECT, mandate=MANDATE, is_for_other=True)

    assert phrase_of(held) is None
