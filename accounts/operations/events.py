"""What the log says about logging in. A customer's own events can be read by that customer."""

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from django.db import transaction

from accounts.models import Role, User
from accounts.queries import subject_of
from audit.canonical import Json
from audit.events import Actor, Event, EventKind
from audit.operations import append

_ACTORS = {
    Role.CUSTOMER: Actor.DATA_SUBJECT,
    Role.OFFICER: Actor.OFFICER,
    Role.DESK: Actor.DESK,
    Role.ADMIN: Actor.ADMIN,
}


def log_of_user(
    kind: EventKind, *, user: User, at: datetime, shown: Mapping[str, Json] | None = None
) -> None:
    """Log what a user did, in the transaction in which it was done."""
    _log(kind, user=user, actor=_ACTORS[Role(user.role)], at=at, shown=shown or {}, reason="")


def log_refusal(*, user: User | None, step: str, reason: str, at: datetime) -> None:
    """Log that a log-in was refused; nobody proved who tried, so it is an event of the system.

    An unknown account costs as many queries as a known one.
    """
    _log(
        EventKind.SIGN_IN_FAILED,
        user=user,
        actor=Actor.SYSTEM,
        at=at,
        shown={"step": step},
        reason=reason,
    )


def log_of_system(kind: EventKind, *, user: User, at: datetime, shown: Mapping[str, Json]) -> None:
    """Log what happened to the account of a user by itself, in the transaction in which it happened."""
    _log(kind, user=user, actor=Actor.SYSTEM, at=at, shown=shown, reason="")


@transaction.atomic
def log_attack(*, accounts: int, at: datetime) -> None:
    """Log that more accounts than this got a wrong password in a quarter of an hour. It is about nobody in particular."""
    event = Event(
        kind=EventKind.ATTACK_SUSPECTED,
        actor=Actor.SYSTEM,
        at=at,
        subject_id=None,
        shown={},
        internal={"accounts": accounts},
    )
    append(event, key=None)


def _log(
    kind: EventKind,
    *,
    user: User | None,
    actor: Actor,
    at: datetime,
    shown: Mapping[str, Json],
    reason: str,
) -> None:
    subject = subject_of(user.id if user else uuid4())
    # What is internal outlives the erasure of the data subject, so it names no customer.
    is_named = user is not None and (subject is None or user.role == Role.OFFICER)
    internal: dict[str, Json] = {"user": str(user.id)} if user and is_named else {}
    if reason:
        internal["reason"] = reason
    event = Event(
        kind=kind,
        actor=actor,
        at=at,
        subject_id=subject.id if subject else None,
        shown=shown if subject else {},
        internal=internal if subject else {**shown, **internal},
    )
    append(event, key=subject.key if subject else None)
