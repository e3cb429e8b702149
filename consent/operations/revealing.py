"""Showing its owner a number that is hidden otherwise. That it was shown is a line in the log."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import DataSubject
from audit.events import Actor, Event, EventKind
from audit.operations import append
from consent.queries.holdings import hidden_value
from consent.queries.values import HiddenValue


@transaction.atomic
def show_value(
    *, subject: DataSubject, held: UUID, language: str, at: datetime
) -> HiddenValue | None:
    """Return a hidden value in full, once it is logged that it was looked at; None: there is no such value.

    Whoever calls this has asked for a fresh second factor.
    """
    found = hidden_value(subject=subject, held=held, language=language)
    if found is not None:
        append(
            Event(
                kind=EventKind.VALUE_SHOWN,
                actor=Actor.DATA_SUBJECT,
                at=at,
                subject_id=subject.id,
                shown={"item": found.item},
                internal={},
                data_category=found.category,
            ),
            key=subject.key,
        )
    return found
