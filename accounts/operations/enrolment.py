"""Setting up the second factor: an authenticator app first, then ten recovery codes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import recovery_codes, totp
from accounts.errors import AlreadyEnrolledError, TooManyAttemptsError, WrongCodeError
from accounts.models import RecoveryCode, RecoveryDevice, TotpDevice, User
from accounts.notice_kinds import NoticeKind
from accounts.operations.attempts import count_code, forgive
from accounts.operations.events import log_of_user
from accounts.operations.notices import notify
from accounts.operations.sessions import end_other_sessions
from accounts.operations.sign_in import clock_offset, verify
from accounts.queries import has_second_factor
from audit.events import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What someone keeps: the secret in the app, the codes on paper. Neither is ever shown again."""

    secret: bytes
    codes: tuple[str, ...]


@transaction.atomic
def start_app(*, user: User, at: datetime, secret: bytes | None = None) -> TotpDevice:
    """Make an app that does not count yet. Each attempt gets a secret of its own.

    A secret that was shown in another browser, to who knows whom, is thereby never confirmed here.
    """
    device = TotpDevice(user=user, name="app", confirmed=False)
    device.keep_secret(secret or totp.new_secret(), at=at)
    device.save()
    return device


def confirm_app(
    *,
    user: User,
    device: TotpDevice,
    code: str,
    address: str,
    is_replacing: bool,
    at: datetime,
    cookie: str = "",
    keep: UUID | None = None,
) -> None:
    """Let the app count from now on, and no other: the code shows that it was set up well.

    `is_replacing`: another second factor was passed in this log-in, so that the new app may come in
    place of the one there is. `keep` is the public id of the session that asks this, when there is one:
    every other session ends.

    Raises:
        AlreadyEnrolledError: there is a second factor, and nothing but a password was given.
        LockedOutError: too many codes from this browser or address, or passwords for this account.
        TooManyAttemptsError: one has to wait after wrong codes.
        WrongCodeError: the code is not right.
    """
    until = device.waits_until()
    if until is not None:
        raise TooManyAttemptsError(until)
    attempt = count_code(user=user, address=address, cookie=cookie, at=at)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two log-ins cannot both be the first
        others = TotpDevice.objects.filter(user=user).exclude(pk=device.pk)
        if not is_replacing and has_second_factor(user):
            raise AlreadyEnrolledError
        is_right = verify(user=user, device=device, code=code)
        if is_right:
            others.delete()
            end_other_sessions(user, keep=keep)
            TotpDevice.objects.filter(pk=device.pk).update(confirmed=True)
            log_of_user(EventKind.SECOND_FACTOR_ADDED, user=user, at=at)
            notify(user=user, kind=NoticeKind.FACTOR_ADDED, at=at)
    if not is_right:
        raise WrongCodeError(clock_is_off=clock_offset(device, code, at=at))
    forgive(attempt, at=at)


def make_recovery_codes(*, user: User) -> tuple[str, ...]:
    """Make ten codes that do not count yet, and return them to be shown once.

    Codes that were made before and never confirmed are gone.
    """
    codes = recovery_codes.new_codes()
    with transaction.atomic():
        RecoveryDevice.objects.filter(user=user, confirmed=False).delete()
        device = RecoveryDevice.objects.create(user=user, name="recovery codes", confirmed=False)
        RecoveryCode.objects.bulk_create(
            RecoveryCode(device=device, lookup=device.lookup(code)) for code in codes
        )
    return tuple(recovery_codes.in_groups(code) for code in codes)


@transaction.atomic
def confirm_recovery_codes(
    *, user: User, typed: str, at: datetime, keep: UUID | None = None
) -> bool:
    """Let the codes that were shown last count, and no others; False when `typed` is none of them.

    Typing one back shows that they were kept; it is not used up by this. Every session ends but the one
    with the public id `keep`.
    """
    shown = RecoveryDevice.objects.filter(user=user, confirmed=False).order_by("-pk").first()
    if shown is None or not shown.has(typed):
        return False
    others = RecoveryDevice.objects.filter(user=user).exclude(pk=shown.pk)
    if others.filter(confirmed=True).exists():
        log_of_user(EventKind.RECOVERY_CODES_MADE, user=user, at=at)
        notify(user=user, kind=NoticeKind.RECOVERY_CODES_MADE, at=at)
    others.delete()
    end_other_sessions(user, keep=keep)
    RecoveryDevice.objects.filter(pk=shown.pk).update(confirmed=True)
    return True


def enrol(*, user: User, at: datetime, secret: bytes | None = None) -> Enrolment:
    """Set up both at once, without a person typing a code: for a demonstration and for tests.

    Raises:
        AlreadyEnrolledError: there is a second factor already.
    """
    codes = make_recovery_codes(user=user)
    with transaction.atomic():
        if has_second_factor(user):
            raise AlreadyEnrolledError
        device = start_app(user=user, at=at, secret=secret)
        TotpDevice.objects.filter(pk=device.pk).update(confirmed=True)
        confirm_recovery_codes(user=user, typed=codes[0], at=at)
        log_of_user(EventKind.SECOND_FACTOR_ADDED, user=user, at=at)
    return Enrolment(secret=device.secret(), codes=codes)
