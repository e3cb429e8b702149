"""A lost password: a link by mail and the second factor that there is. It logs nobody in and changes no factor."""

from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts import throttle
from accounts.errors import WrongCodeError
from accounts.models import LinkPurpose, MailLink, Role, User
from accounts.notice_kinds import TOKEN, NoticeKind
from accounts.operations.events import log_of_user, log_refusal
from accounts.operations.links import make_link, owner_of, use_link
from accounts.operations.notices import notify
from accounts.operations.sessions import end_sessions
from accounts.operations.sign_in import check_code
from accounts.queries import app_of, user_by_email
from audit.events import EventKind

LINK_LASTS = timedelta(minutes=30)


def is_blocked(user: User, *, at: datetime) -> bool:
    """Say whether the address was changed so short ago that it gives no access yet."""
    return user.recovery_blocked_until is not None and at < user.recovery_blocked_until


@transaction.atomic
def answer_password_reset(*, email: str, at: datetime) -> None:
    """Mail a link to the owner of this address, or why there is none; to nobody when there is no login."""
    user = user_by_email(email)
    if user is None or not user.is_active:
        return
    if is_blocked(user, at=at):
        log_refusal(user=user, step="password-reset", reason="address-changed", at=at)
    elif user.role != Role.CUSTOMER or app_of(user) is None:
        notify(user=user, kind=NoticeKind.RESET_IMPOSSIBLE, at=at)
    else:
        token = make_link(
            purpose=LinkPurpose.PASSWORD_RESET, user=user, is_bound=True, lasts=LINK_LASTS, at=at
        )
        notify(user=user, kind=NoticeKind.PASSWORD_RESET, at=at, facts={TOKEN: token})
        log_of_user(EventKind.PASSWORD_RESET_ASKED, user=user, at=at)


@sensitive_variables("code", "password", "hashed")
def reset_password(*, link: MailLink, code: str, password: str, address: str, at: datetime) -> None:
    """Take the new password once the code of the app is right. All sessions end; nobody is logged in.

    Raises:
        TooManyAttemptsError: one has to wait after wrong codes.
        FactorDisabledError: it was wrong 50 times in a row.
        WrongCodeError: the code is not right, or the link was used meanwhile.
    """
    user = owner_of(link)
    device = app_of(user)
    if device is None:
        raise WrongCodeError
    check_code(user=user, device=device, code=code, address=address, at=at)
    hashed = make_password(password)
    with transaction.atomic():
        if not use_link(link, at=at):
            raise WrongCodeError
        User.objects.filter(pk=user.pk).update(password=hashed)
        end_sessions(user)
        throttle.forget(limit=throttle.PASSWORDS_PER_ACCOUNT, value=user.login_index)
        log_of_user(EventKind.PASSWORD_RESET, user=user, at=at)
        notify(user=user, kind=NoticeKind.PASSWORD_CHANGED, at=at)
