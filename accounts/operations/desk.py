"""The service desk opens one customer at a time, for a while, for a reason that the customer reads."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts import policy, throttle
from accounts.errors import UnknownReferenceError
from accounts.models import DataSubject, DeskOpening, User
from accounts.policy import Action, Target
from accounts.queries import subject_by_reference
from accounts.vocabulary import OpeningReason
from audit.canonical import Json
from audit.events import Actor, Event, EventKind
from audit.operations import append

LONGEST_NOTE = 200  # characters


@sensitive_variables("reference", "note")
def open_customer(
    *, employee: User, reference: str, reason: OpeningReason, note: str, at: datetime
) -> DeskOpening:
    """Open the customer with this number before the employee, and close whoever was open; log it with the reason.

    The customer reads `note`, at most `LONGEST_NOTE` characters.

    Raises:
        NotAllowedError: this is no employee of the service desk.
        TooManyAttemptsError: numbers that do not exist were tried too often.
        UnknownReferenceError: nobody has this customer number.
    """
    policy.check(policy.of_role(employee.role, user_id=employee.pk), Action.OPEN_CUSTOMER, Target())
    subject = _found(employee=employee, reference=reference, at=at)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=employee.pk)  # two tabs: one after the other
        living = DataSubject.objects.select_for_update().filter(pk=subject.pk, erased_at=None)
        if not living.exists():
            raise UnknownReferenceError
        _close(employee=employee, at=at)
        opening = DeskOpening.objects.create(
            employee=employee,
            subject=subject,
            reason=reason,
            opened_at=at,
            open_until=at + settings.DESK_OPENING_LASTS,
        )
        _log(
            EventKind.CUSTOMER_OPENED,
            opening=opening,
            subject=subject,
            told={"note": note.strip()[:LONGEST_NOTE]},
            at=at,
        )
    return opening


@transaction.atomic
def close_customer(*, employee: User, at: datetime) -> None:
    """Close whoever is open before the employee."""
    _close(employee=employee, at=at)


@transaction.atomic
def log_look_at_desk(*, opening: DeskOpening, page: str, at: datetime) -> None:
    """Log that the employee looked at a page about the customer who is open; `page` is the name of it."""
    _log(EventKind.DATA_SEEN, opening=opening, subject=opening.subject, told={"page": page}, at=at)


def _found(*, employee: User, reference: str, at: datetime) -> DataSubject:
    """Return whose number it is. A number that nobody has counts: nobody tries them all."""
    limit, value = throttle.NUMBERS_PER_EMPLOYEE, str(employee.pk)
    throttle.check(limit=limit, value=value, at=at)
    subject = subject_by_reference(reference)
    if subject is None:
        raise UnknownReferenceError
    throttle.take_back(limit=limit, value=value, at=at)
    return subject


def _close(*, employee: User, at: datetime) -> None:
    DeskOpening.objects.filter(employee=employee, closed_at=None).update(closed_at=at)


def _log(
    kind: EventKind,
    *,
    opening: DeskOpening,
    subject: DataSubject,
    told: dict[str, Json],
    at: datetime,
) -> None:
    append(
        Event(
            kind=kind,
            actor=Actor.DESK,
            at=at,
            subject_id=subject.pk,
            shown={"reason": str(opening.reason), **told},
            internal={"user": str(opening.employee_id), "opening": str(opening.pk)},
        ),
        key=subject.key,
    )
