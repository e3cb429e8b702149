"""Another password, for who is logged in."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts import throttle
from accounts.errors import WrongPasswordError
from accounts.identity import email_of, reference_of
from accounts.models import Role, User, UserSession
from accounts.notice_kinds import NoticeKind
from accounts.operations.events import log_of_user, log_refusal
from accounts.operations.notices import notify
from accounts.operations.sessions import end_other_sessions
from accounts.passwords import check_new_password
from accounts.queries import subject_of
from audit.events import EventKind


@sensitive_variables("password")
def check_password_for(password: str, *, user: User) -> None:
    """Refuse a new password that is too weak for this user.

    Raises:
        WeakPasswordError: it says what is wrong.
    """
    subject = subject_of(user.pk)
    own = [email_of(user), *([reference_of(subject)] if subject else [])]
    check_new_password(password, is_staff=user.role != Role.CUSTOMER, words=own)


@sensitive_variables("current", "password", "hashed")
def change_password(
    *, user: User, current: str, password: str, keep: UUID | None, at: datetime
) -> User:
    """Change the password of who knows the current one; return the user with the new one.

    All sessions end but the one with the public id `keep`.

    Raises:
        LockedOutError: the current password was tried too often.
        WrongPasswordError: the current password is not right.
    """
    limit = throttle.PASSWORD_CHANGES
    throttle.check(limit=limit, value=user.login_index, at=at)
    if not user.check_password(current):
        with transaction.atomic():
            log_refusal(user=user, step="password-change", reason="wrong-password", at=at)
        raise WrongPasswordError
    hashed = make_password(password)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(password=hashed)
        end_other_sessions(user, keep=keep)
        UserSession.objects.filter(
            user_id=user.pk, role=""
        ).delete()  # halfway, with the old password
        log_of_user(EventKind.PASSWORD_CHANGED, user=user, at=at)
        notify(user=user, kind=NoticeKind.PASSWORD_CHANGED, at=at)
    user.password = hashed
    return user
