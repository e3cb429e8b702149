"""Counting attempts to log in, before anything is tried. A browser that logged in before counts apart from all others."""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import device_cookies, throttle
from accounts.errors import LockedOutError
from accounts.identity import canonical_email, login_index
from accounts.models import User
from accounts.operations.events import log_attack, log_refusal
from accounts.queries import EVERYONE, user_by_email
from accounts.throttle import Bucket

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt that was counted: in which buckets, and whether it is the first of strangers for this account."""

    buckets: tuple[Bucket, ...]
    is_first: bool


def count_password(*, email: str, address: str, cookie: str, at: datetime) -> Attempt:
    """Count an attempt with a password, for an account that need not exist.

    Raises:
        LockedOutError: too many attempts for this account, from this browser or from this address.
    """
    account = login_index(email) if canonical_email(email) else ""
    buckets = _password_buckets(account=account, address=address, cookie=cookie)
    try:
        times = throttle.check_all(buckets, at=at)
    except LockedOutError as error:
        if error.is_new:  # once per window, so that nobody can fill the log by trying on
            log_wrong_password(email=email, reason="too-many-attempts", at=at)
        raise
    is_of_stranger = buckets[0].limit is throttle.PASSWORDS_PER_ACCOUNT
    return Attempt(buckets=buckets, is_first=is_of_stranger and times[0] == 1)


def count_code(*, user: User, address: str, cookie: str, at: datetime) -> Attempt:
    """Count an attempt with a code, and look again whether passwords for this account are locked out.

    Raises:
        LockedOutError: too many codes from this browser or address, or too many passwords for this account.
    """
    known = device_cookies.binding(cookie, account=user.login_index)
    limit, value = (
        (throttle.CODES_PER_BROWSER, known) if known else (throttle.CODES_PER_ADDRESS, address)
    )
    password, *_ = _password_buckets(account=user.login_index, address=address, cookie=cookie)
    buckets = (
        Bucket(limit=limit, value=value),
        Bucket(limit=password.limit, value=password.value, adds=0),
    )
    try:
        throttle.check_all(buckets, at=at)
    except LockedOutError as error:
        if error.is_new:
            with transaction.atomic():
                log_refusal(user=user, step="code", reason="too-many-attempts", at=at)
        raise
    return Attempt(buckets=buckets, is_first=False)


def forgive(attempt: Attempt, *, at: datetime) -> None:
    """Take back an attempt that succeeded, where neighbours share the counter.

    An account keeps its count until somebody has logged in completely: a right password alone proves nothing.
    """
    for bucket in attempt.buckets:
        if bucket.limit in {throttle.PASSWORDS_PER_ADDRESS, throttle.CODES_PER_ADDRESS}:
            throttle.take_back(limit=bucket.limit, value=bucket.value, at=at)


def watch(attempt: Attempt, *, at: datetime) -> None:
    """Count the accounts that got a wrong password; when they are very many, raise the alarm once per window."""
    if not attempt.is_first:
        return
    limit = throttle.ACCOUNTS_WITH_A_WRONG_PASSWORD
    if throttle.count(limit=limit, value=EVERYONE, at=at) == limit.most + 1:
        log_attack(accounts=limit.most, at=at)
        logger.warning("More than %d accounts got a wrong password just now.", limit.most)


def forget_attempts(*, user: User, cookie: str) -> None:
    """Forget what was tried for this account, after a complete log-in; what was tried from the address stays."""
    known = device_cookies.binding(cookie, account=user.login_index)
    throttle.forget_all(
        [
            Bucket(limit=throttle.PASSWORDS_PER_ACCOUNT, value=user.login_index),
            Bucket(limit=throttle.PASSWORDS_PER_BROWSER, value=known),
            Bucket(limit=throttle.CODES_PER_BROWSER, value=known),
        ]
    )


@transaction.atomic
def log_wrong_password(*, email: str, reason: str, at: datetime) -> None:
    log_refusal(user=user_by_email(email), step="password", reason=reason, at=at)


def _password_buckets(*, account: str, address: str, cookie: str) -> tuple[Bucket, ...]:
    """Return what an attempt with a password counts in: the first is about the account."""
    known = device_cookies.binding(cookie, account=account) if account else ""
    if known:
        return (Bucket(limit=throttle.PASSWORDS_PER_BROWSER, value=known),)
    return (
        Bucket(limit=throttle.PASSWORDS_PER_ACCOUNT, value=account),
        Bucket(limit=throttle.PASSWORDS_PER_ADDRESS, value=address),
    )
