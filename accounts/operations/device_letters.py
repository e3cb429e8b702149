"""Who lost the app and the recovery codes: the password, and a code by post. It leads to setting up an app, and no further."""

from datetime import datetime

from django.db import transaction

from accounts import throttle
from accounts.errors import RecoveryBlockedError, WrongCodeError
from accounts.models import PostedCode, User
from accounts.notice_kinds import NoticeKind
from accounts.operations.events import log_of_user, log_refusal
from accounts.operations.notices import notify
from accounts.operations.password_reset import is_blocked
from accounts.operations.posted_codes import post_code, posted_code, use_code
from accounts.queries import subject_of
from audit.events import EventKind

_DEVICE = PostedCode.Purpose.DEVICE


def ask_device_letter(*, user: User, at: datetime) -> None:
    """Have a letter with a code made for who gave the right password. Within a week the same letter counts.

    Raises:
        RecoveryBlockedError: the e-mail address was changed less than three days ago.
    """
    subject = subject_of(user.pk)
    if subject is None or is_blocked(user, at=at):
        with transaction.atomic():
            log_refusal(user=user, step="device-letter", reason="address-changed", at=at)
        raise RecoveryBlockedError
    with transaction.atomic():
        if post_code(subject=subject, purpose=_DEVICE, at=at):
            log_of_user(EventKind.DEVICE_LETTER_ASKED, user=user, at=at)
            notify(user=user, kind=NoticeKind.DEVICE_LETTER_ASKED, at=at)


def use_device_code(*, user: User, typed: str, address: str, at: datetime) -> None:
    """Use up the code of a letter to this user.

    Raises:
        LockedOutError: tried too often from this address.
        WrongCodeError: it is not right, was used, or is too old.
    """
    limit = throttle.POSTED_CODES_PER_ADDRESS
    throttle.check(limit=limit, value=address, at=at)
    found = posted_code(purpose=_DEVICE, typed=typed, at=at)
    with transaction.atomic():
        is_right = (
            found is not None
            and found.subject.user_id == user.pk
            and not is_blocked(user, at=at)
            and use_code(found, at=at)
        )
        if is_right:
            log_of_user(EventKind.DEVICE_LETTER_USED, user=user, at=at)
            notify(user=user, kind=NoticeKind.DEVICE_LETTER_USED, at=at)
        else:
            log_refusal(user=user, step="device-letter", reason="wrong-code", at=at)
    if not is_right:
        raise WrongCodeError
    throttle.take_back(limit=limit, value=address, at=at)
