"""Ending sessions: those of a user, of all browsers or of all others."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User, UserSession
from accounts.operations.events import log_of_user
from audit.events import EventKind


def end_sessions(user: User) -> int:
    """End every session of a user, those that are halfway logging in as well; return how many."""
    return UserSession.objects.filter(user_id=user.pk).delete()[0]


def end_other_sessions(user: User, *, keep: UUID | None) -> int:
    """End every other browser in which a user is logged in; return how many.

    `keep` is the public id of the session that stays; None when the user is only logging in. Call it in
    the transaction that changes a factor or the password.
    """
    return _elsewhere(user, keep=keep).delete()[0]


@transaction.atomic
def log_out_elsewhere(
    *, user: User, keep: UUID | None, at: datetime, only: UUID | None = None
) -> int:
    """End all other sessions because the user asks for it, or only one of them; return how many."""
    others = _elsewhere(user, keep=keep)
    return _end(others if only is None else others.filter(public_id=only), user=user, at=at)


@transaction.atomic
def make_room(*, user: User, at: datetime) -> int:
    """End the sessions that were used longest ago, so that one more may begin; return how many."""
    open_now = UserSession.objects.filter(user_id=user.pk, expires_at__gt=at).exclude(role="")
    newest = open_now.order_by("-last_seen_at").values_list("key", flat=True)
    too_many = list(newest[settings.SESSIONS_AT_MOST - 1 :])
    if not too_many:
        return 0
    return _end(UserSession.objects.filter(key__in=too_many), user=user, at=at, why="too-many")


@transaction.atomic
def confirm_identity(*, user: User, method: str, at: datetime) -> None:
    """Log that someone who was logged in passed the second factor again."""
    log_of_user(EventKind.IDENTITY_CONFIRMED, user=user, at=at, shown={"factor": method})


def _elsewhere(user: User, *, keep: UUID | None) -> QuerySet[UserSession]:
    logged_in = UserSession.objects.filter(user_id=user.pk).exclude(role="")
    return logged_in if keep is None else logged_in.exclude(public_id=keep)


def _end(sessions: QuerySet[UserSession], *, user: User, at: datetime, why: str = "asked") -> int:
    ended = sessions.delete()[0]
    if ended:
        log_of_user(EventKind.SESSION_ENDED, user=user, at=at, shown={"why": why, "count": ended})
    return ended
