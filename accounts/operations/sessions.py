"""Ending sessions: those of a user, of all browsers or of all others."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User, UserSession
from accounts.operations.events import log_of_user
from audit.events import EventKind


def end_sessions(user: User) -> int:
    """End every session of a user, those that are halfway logging in as well; return how many."""
    return UserSession.objects.filter(user_id=user.pk).delete()[0]


def end_other_sessions(user: User, *, keep: UUID) -> int:
    """End every session of a user but the one with this public id; return how many."""
    return UserSession.objects.filter(user_id=user.pk).exclude(public_id=keep).delete()[0]


@transaction.atomic
def confirm_identity(*, user: User, method: str, at: datetime) -> None:
    """Log that someone who was logged in passed the second factor again."""
    log_of_user(EventKind.IDENTITY_CONFIRMED, user=user, at=at, shown={"factor": method})
