"""Logging in: a password names someone, a second factor proves it. Refusals are kept, whatever the page says."""

from datetime import datetime, timedelta
from typing import Any

import django_otp
from django.contrib.auth import authenticate
from django.db import transaction
from django.views.decorators.debug import sensitive_variables
from django_otp.models import Device

from accounts import totp
from accounts.devices import BoundedDevice
from accounts.errors import (
    FactorDisabledError,
    TooManyAttemptsError,
    WrongCodeError,
    WrongPasswordError,
)
from accounts.models import Passkey, RecoveryDevice, TotpDevice, User
from accounts.notice_kinds import NoticeKind
from accounts.operations.attempts import (
    count_code,
    count_password,
    forget_attempts,
    forgive,
    log_wrong_password,
    watch,
)
from accounts.operations.events import log_of_system, log_of_user, log_refusal
from accounts.operations.notices import notify
from audit.events import EventKind

_FACTORS: dict[type[Device], str] = {RecoveryDevice: "recovery-code", Passkey: "passkey"}


@sensitive_variables("email", "password", "cookie")
def check_password(
    *, email: str, password: str, address: str, at: datetime, cookie: str = ""
) -> User:
    """Return whose e-mail address and password these are. That is half of logging in.

    `cookie` is that of the browser (`device_cookies.of`): one that logged in before has counters of its own.

    Raises:
        LockedOutError: tried too often for this account, from this browser or from this address.
        WrongPasswordError: they do not belong together, or the login is not in use.
    """
    attempt = count_password(email=email, address=address, cookie=cookie, at=at)
    user = authenticate(None, email=email, password=password)
    if not isinstance(user, User):
        log_wrong_password(email=email, reason="wrong-password", at=at)
        watch(attempt, at=at)
        raise WrongPasswordError
    forgive(attempt, at=at)
    return user


@sensitive_variables("code", "cookie")
def check_code(
    *, user: User, device: BoundedDevice, code: str, address: str, at: datetime, cookie: str = ""
) -> None:
    """Accept a code of the second factor; a recovery code is used up by it.

    Raises:
        LockedOutError: too many codes from this browser or address, or passwords for this account.
        TooManyAttemptsError: one has to wait after wrong codes of this factor.
        FactorDisabledError: it was wrong 50 times in a row.
        WrongCodeError: it is not right, or was used before.
    """
    _refuse_while_waiting(device)
    attempt = count_code(user=user, address=address, cookie=cookie, at=at)
    step = "recovery-code" if isinstance(device, RecoveryDevice) else "app"
    with transaction.atomic():
        is_right = verify(user=user, device=device, code=code)
        if not is_right:
            log_refusal(user=user, step=step, reason="wrong-code", at=at)
            _log_end_of_factor(user=user, device=device, step=step, at=at)
        elif isinstance(device, RecoveryDevice):
            log_of_user(EventKind.RECOVERY_CODE_USED, user=user, at=at)
            notify(user=user, kind=NoticeKind.RECOVERY_CODE_USED, at=at)
    if not is_right:
        raise WrongCodeError(clock_is_off=clock_offset(device, code, at=at))
    forgive(attempt, at=at)


def verify(*, user: User, device: BoundedDevice, code: str) -> bool:
    """Let django-otp compare a code, with the row of the device locked."""
    accepted: Any = django_otp.verify_token(user, device.persistent_id, code)
    return accepted is not None


def clock_offset(device: BoundedDevice, code: str, *, at: datetime) -> timedelta | None:
    """Return how far the clock of an app is off, when a wrong code would have been right minutes ago or later."""
    if not isinstance(device, TotpDevice):
        return None
    step = totp.step_at(at.timestamp())
    distance = totp.steps_off(secret=device.secret(), code=code, step=step)
    return None if distance is None else timedelta(seconds=distance * totp.PERIOD)


@transaction.atomic
def record_sign_in(
    *,
    user: User,
    device: Device,
    at: datetime,
    cookie: str = "",
    browser: str = "",
    is_known: bool = True,
) -> None:
    """Log that someone passed all that is asked for, and forget the wrong passwords before it.

    `cookie` is that of the browser (`device_cookies.of`). `browser` is the kind of browser. One that is not
    known (`is_known`) is told to the owner by mail, except when nobody logged in before: then there is
    nothing to compare it with.
    """
    factor = _FACTORS.get(type(device), "app")
    log_of_user(
        EventKind.SIGNED_IN,
        user=user,
        at=at,
        shown={"factor": factor} | ({"browser": browser} if browser else {}),
    )
    if not is_known and user.last_login is not None:
        notify(user=user, kind=NoticeKind.UNKNOWN_BROWSER, at=at, facts={"browser": browser})
    forget_attempts(user=user, cookie=cookie)


def _refuse_while_waiting(device: BoundedDevice) -> None:
    if device.is_disabled:
        raise FactorDisabledError
    until = device.waits_until()
    if until is not None:
        raise TooManyAttemptsError(until)


def _log_end_of_factor(*, user: User, device: BoundedDevice, step: str, at: datetime) -> None:
    """Log that a device no longer counts: the code that was just refused was one too many."""
    device.refresh_from_db(fields=["throttling_failure_count", "throttling_failure_timestamp"])
    if device.is_disabled:
        log_of_system(EventKind.FACTOR_DISABLED, user=user, at=at, shown={"factor": step})
        notify(user=user, kind=NoticeKind.FACTOR_DISABLED, at=at)
