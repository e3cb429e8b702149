"""What the log says about mandates: a line for each of the two people, who are both named by the mandate alone.

A line holds the id of the mandate and no name: whoever is erased is named nowhere any more.
"""

from datetime import datetime

from django.db import transaction

from accounts.models import DataSubject, Mandate, User
from accounts.vocabulary import Ender
from audit.canonical import Json
from audit.events import Actor, Event, EventKind
from audit.operations import append


def log_of_both(
    kind: EventKind,
    *,
    mandate: Mandate,
    at: datetime,
    officer: User | None = None,
    by: Ender | None = None,
) -> None:
    """Log what happened with a mandate, for whom it is about and for who holds it, if anyone does."""
    told: dict[str, Json] = {"endedBy": by.value} if by else {}
    actor = Actor.DATA_SUBJECT if by is Ender.REPRESENTED else Actor.REPRESENTATIVE
    log_of_represented(
        kind,
        mandate=mandate,
        actor=Actor.OFFICER if officer else actor,
        at=at,
        officer=officer,
        told=told,
    )
    if mandate.representative is not None:
        log_of_representative(
            kind,
            mandate=mandate,
            subject=mandate.representative,
            at=at,
            officer=officer,
            told=told,
        )


def log_of_represented(
    kind: EventKind,
    *,
    mandate: Mandate,
    actor: Actor,
    at: datetime,
    officer: User | None = None,
    told: dict[str, Json] | None = None,
) -> None:
    """Log it for the person whose data it is about."""
    append(
        _event(
            kind,
            mandate=mandate,
            subject=mandate.represented,
            actor=actor,
            at=at,
            officer=officer,
            told={"as": "represented", **(told or {})},
        ),
        key=mandate.represented.key,
    )


def log_of_representative(
    kind: EventKind,
    *,
    mandate: Mandate,
    subject: DataSubject,
    at: datetime,
    officer: User | None = None,
    told: dict[str, Json] | None = None,
    purpose: str = "",
    data_category: str = "",
) -> None:
    """Log it for the person who acts."""
    append(
        _event(
            kind,
            mandate=mandate,
            subject=subject,
            actor=Actor.OFFICER if officer else Actor.DATA_SUBJECT,
            at=at,
            officer=officer,
            told={"as": "representative", **(told or {})},
            purpose=purpose,
            data_category=data_category,
        ),
        key=subject.key,
    )


@transaction.atomic
def log_look_for_another(
    *, mandate: Mandate, representative: DataSubject, page: str, at: datetime
) -> None:
    """Log that a representative looked at a page about somebody else; `page` is the name of it."""
    log_of_represented(
        EventKind.DATA_SEEN,
        mandate=mandate,
        actor=Actor.REPRESENTATIVE,
        at=at,
        told={"page": page},
    )
    log_of_representative(
        EventKind.MANDATE_USED,
        mandate=mandate,
        subject=representative,
        at=at,
        told={"act": EventKind.DATA_SEEN.value, "page": page},
    )


def _event(
    kind: EventKind,
    *,
    mandate: Mandate,
    subject: DataSubject,
    actor: Actor,
    at: datetime,
    officer: User | None,
    told: dict[str, Json],
    purpose: str = "",
    data_category: str = "",
) -> Event:
    return Event(
        kind=kind,
        actor=actor,
        at=at,
        subject_id=subject.pk,
        shown={"mandate": str(mandate.pk), **told},
        internal={"user": str(officer.pk)} if officer else {},
        purpose=purpose,
        data_category=data_category,
    )
