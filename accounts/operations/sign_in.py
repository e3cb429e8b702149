"""Logging in: a password names someone, a second factor proves it. Refusals are kept, whatever the page says."""

from datetime import datetime
from typing import Any

import django_otp
from django.contrib.auth import authenticate
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts import throttle
from accounts.devices import BoundedDevice
from accounts.errors import (
    FactorDisabledError,
    TooManyAttemptsError,
    WrongCodeError,
    WrongPasswordError,
)
from accounts.identity import login_index
from accounts.models import RecoveryDevice, User
from accounts.notice_kinds import NoticeKind
from accounts.operations.events import log_of_user, log_refusal
from accounts.operations.notices import notify
from accounts.queries import user_by_email
from audit.events import EventKind


@sensitive_variables("email", "password")
def check_password(*, email: str, password: str, address: str, at: datetime) -> User:
    """Return whose e-mail address and password these are. That is half of logging in.

    Raises:
        TooManyAttemptsError: tried too often for this account or from this address.
        WrongPasswordError: they do not belong together, or the login is not in use.
    """
    _count_password(email=email, address=address, at=at)
    user = authenticate(None, email=email, password=password)
    if not isinstance(user, User):
        _log_wrong_password(email=email, reason="wrong-password", at=at)
        raise WrongPasswordError
    throttle.take_back(limit=throttle.PASSWORDS_PER_ADDRESS, value=address, at=at)
    return user


@sensitive_variables("code")
def check_code(*, user: User, device: BoundedDevice, code: str, address: str, at: datetime) -> None:
    """Accept a code of the second factor; a recovery code is used up by it.

    Raises:
        TooManyAttemptsError: one has to wait after wrong codes.
        FactorDisabledError: it was wrong 50 times in a row.
        WrongCodeError: it is not right, or was used before.
    """
    _refuse_while_waiting(device)
    _count_code(user=user, address=address, at=at)
    step = "recovery-code" if isinstance(device, RecoveryDevice) else "app"
    with transaction.atomic():
        is_right = verify(user=user, device=device, code=code)
        if not is_right:
            log_refusal(user=user, step=step, reason="wrong-code", at=at)
        elif isinstance(device, RecoveryDevice):
            log_of_user(EventKind.RECOVERY_CODE_USED, user=user, at=at)
            notify(user=user, kind=NoticeKind.RECOVERY_CODE_USED, at=at)
    if not is_right:
        raise WrongCodeError
    throttle.take_back(limit=throttle.CODES_PER_ADDRESS, value=address, at=at)


def verify(*, user: User, device: BoundedDevice, code: str) -> bool:
    """Let django-otp compare a code, with the row of the device locked."""
    accepted: Any = django_otp.verify_token(user, device.persistent_id, code)
    return accepted is not None


@transaction.atomic
def record_sign_in(*, user: User, device: BoundedDevice, at: datetime) -> None:
    """Log that someone passed both factors, and forget the wrong passwords before it."""
    factor = "recovery-code" if isinstance(device, RecoveryDevice) else "app"
    log_of_user(EventKind.SIGNED_IN, user=user, at=at, shown={"factor": factor})
    throttle.forget(limit=throttle.PASSWORDS_PER_ACCOUNT, value=user.login_index)


def _refuse_while_waiting(device: BoundedDevice) -> None:
    if device.is_disabled:
        raise FactorDisabledError
    until = device.waits_until()
    if until is not None:
        raise TooManyAttemptsError(until)


def _count_password(*, email: str, address: str, at: datetime) -> None:
    buckets = (
        (throttle.PASSWORDS_PER_ACCOUNT, login_index(email)),
        (throttle.PASSWORDS_PER_ADDRESS, address),
    )
    counted = [(limit, throttle.count(limit=limit, value=value, at=at)) for limit, value in buckets]
    if all(times <= limit.most for limit, times in counted):
        return
    # Logged once per window, so that nobody can fill the log by trying on.
    if any(times == limit.most + 1 for limit, times in counted):
        _log_wrong_password(email=email, reason="too-many-attempts", at=at)
    raise TooManyAttemptsError(throttle.window_end(at))


def _count_code(*, user: User, address: str, at: datetime) -> None:
    limit = throttle.CODES_PER_ADDRESS
    times = throttle.count(limit=limit, value=address, at=at)
    if times <= limit.most:
        return
    if times == limit.most + 1:
        with transaction.atomic():
            log_refusal(user=user, step="code", reason="too-many-attempts", at=at)
    raise TooManyAttemptsError(throttle.window_end(at))


@transaction.atomic
def _log_wrong_password(*, email: str, reason: str, at: datetime) -> None:
    log_refusal(user=user_by_email(email), step="password", reason=reason, at=at)
