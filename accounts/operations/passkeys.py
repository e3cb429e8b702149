"""Passkeys: asking a device, checking what it answers, and keeping, naming and removing passkeys."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables
from webauthn.helpers import base64url_to_bytes

from accounts import throttle
from accounts.ceremonies import REFUSALS, Ceremonies
from accounts.errors import (
    AlreadyEnrolledError,
    LastFactorError,
    PasskeyQuestionOverError,
    TooManyPasskeysError,
    WrongPasskeyError,
)
from accounts.models import Passkey, Role, UsedAssertion, User
from accounts.notice_kinds import NoticeKind
from accounts.operations.events import log_of_user, log_refusal
from accounts.operations.notices import notify
from accounts.operations.sessions import end_other_sessions
from accounts.queries import app_of, has_passkey, has_second_factor
from audit.events import EventKind

MOST_PASSKEYS = 10
PASSKEY_ROLES = frozenset({Role.OFFICER, Role.ADMIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A challenge to a device: it is answered once, within five minutes of `asked_at`."""

    challenge: str  # base64url
    asked_at: datetime

    def is_over(self, *, at: datetime) -> bool:
        return not self.asked_at <= at < self.asked_at + settings.PASSKEY_QUESTION_LASTS


def ask_for_passkey(
    *, user: User | None, address: str, at: datetime
) -> tuple[dict[str, Any], Question]:
    """Return what to ask a device that must prove something, as JSON for a browser, and what to remember.

    `user`: who has to answer; None when the device is to say who that is.

    Raises:
        TooManyAttemptsError: asked too often from this address.
    """
    _count(address=address, at=at)
    options, state = Ceremonies().authenticate_begin(user=user, require_user_verification=True)
    return options, Question(challenge=state["challenge"], asked_at=at)


def ask_for_new_passkey(
    *, user: User, address: str, at: datetime
) -> tuple[dict[str, Any], Question]:
    """Return what to ask a device that makes a passkey, as JSON for a browser, and what to remember.

    Raises:
        TooManyAttemptsError: asked too often from this address.
    """
    _count(address=address, at=at)
    options, state = Ceremonies().register_begin(user=user)
    return options, Question(challenge=state["challenge"], asked_at=at)


@sensitive_variables("answer")
def check_passkey(
    *, user: User | None, answer: str, question: Question | None, address: str, at: datetime
) -> Passkey:
    """Return the passkey that gave this answer (JSON of a browser); the question is used up by it.

    A wrong answer of somebody who gave no password counts for the address only: it locks no account.

    Raises:
        PasskeyQuestionOverError: this was not asked, was answered before, or was asked too long ago.
        WrongPasskeyError: the answer proves nothing here, or not of this user.
    """
    state = _use(question, at=at)
    data: dict[str, Any] = {}
    try:
        data = _parsed(answer)
        with transaction.atomic():
            passkey = Ceremonies().authenticate_complete(user=user, state=state, data=data)
            _refuse_closed(passkey)
    except (*REFUSALS, WrongPasskeyError) as error:
        reason = "passkey-counter" if "sign count" in str(error) else "wrong-passkey"
        with transaction.atomic():
            log_refusal(user=user or _owner(data), step="passkey", reason=reason, at=at)
        raise WrongPasskeyError from None
    throttle.take_back(limit=throttle.PASSKEYS_PER_ADDRESS, value=address, at=at)
    return passkey


@sensitive_variables("answer", "name")
def add_passkey(
    *,
    user: User,
    answer: str,
    question: Question | None,
    name: str,
    is_proven: bool,
    keep: UUID | None,
    at: datetime,
) -> Passkey:
    """Keep a passkey that a device made, under the name that its owner gives it; end all other sessions.

    `is_proven`: another second factor was passed in this log-in or session. `keep`: the public id of this
    session; None when the user is only logging in.

    Raises:
        AlreadyEnrolledError: there is a second factor, and nothing but a password was given.
        PasskeyQuestionOverError: this was not asked, was answered before, or was asked too long ago.
        TooManyPasskeysError: there are ten.
        WrongPasskeyError: the answer is not right, or the passkey is known already.
    """
    state = _use(question, at=at)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two log-ins cannot both be the first
        if not is_proven and has_second_factor(user):
            raise AlreadyEnrolledError
        if Passkey.objects.filter(user=user).count() >= MOST_PASSKEYS:
            raise TooManyPasskeysError
        try:
            with transaction.atomic():
                made = Ceremonies().register_complete(user=user, state=state, data=_parsed(answer))
        except (*REFUSALS, IntegrityError):
            raise WrongPasskeyError from None
        passkey: Passkey = made
        passkey.keep_name(name, at=at)
        Passkey.objects.filter(pk=passkey.pk).update(name_sealed=passkey.name_sealed)
        end_other_sessions(user, keep=keep)
        _tell(EventKind.PASSKEY_ADDED, NoticeKind.PASSKEY_ADDED, user=user, at=at)
    return passkey


@transaction.atomic
@sensitive_variables("name")
def rename_passkey(*, passkey: Passkey, name: str, at: datetime) -> None:
    """Call a passkey otherwise."""
    passkey.keep_name(name, at=at)
    Passkey.objects.filter(pk=passkey.pk).update(name_sealed=passkey.name_sealed)
    _tell(EventKind.PASSKEY_RENAMED, NoticeKind.PASSKEY_RENAMED, user=passkey.user, at=at)


@transaction.atomic
def remove_passkey(*, passkey: Passkey, keep: UUID | None, at: datetime) -> None:
    """Forget a passkey, and end all sessions but the one with the public id `keep`.

    Raises:
        LastFactorError: without it this user could not log in any more.
    """
    user = User.objects.select_for_update().get(pk=passkey.user_id)
    others = Passkey.objects.filter(user=user, confirmed=True).exclude(pk=passkey.pk)
    may_go = others.exists() or (app_of(user) is not None and not must_have_passkey(user))
    if not may_go:
        raise LastFactorError
    passkey.delete()
    end_other_sessions(user, keep=keep)
    _tell(EventKind.PASSKEY_REMOVED, NoticeKind.PASSKEY_REMOVED, user=user, at=at)


def must_have_passkey(user: User) -> bool:
    """Say whether this user works for the organisation in a role that logs in with a passkey."""
    return settings.STAFF_PASSKEY_REQUIRED and user.role in PASSKEY_ROLES


def lacks_passkey(user: User) -> bool:
    """Say whether this user has to make a passkey before going on."""
    return must_have_passkey(user) and not has_passkey(user)


def _tell(event: EventKind, notice: NoticeKind, *, user: User, at: datetime) -> None:
    """Write in the log what a user did with a passkey, and mail it to that user."""
    log_of_user(event, user=user, at=at)
    notify(user=user, kind=notice, at=at)


def _refuse_closed(passkey: Passkey) -> None:
    if not (passkey.confirmed and passkey.user.is_active):
        raise WrongPasskeyError


def _count(*, address: str, at: datetime) -> None:
    throttle.check(limit=throttle.PASSKEYS_PER_ADDRESS, value=address, at=at)


def _use(question: Question | None, *, at: datetime) -> dict[str, Any]:
    """Use up a question, whatever comes of it, and return what the answer has to fit.

    Answers that come at once have all read it in the same session. The database lets one of them through.
    """
    if question is None or question.is_over(at=at):
        raise PasskeyQuestionOverError
    digest = hashlib.sha256(f"passkey|{question.challenge}".encode()).hexdigest()
    try:
        with transaction.atomic():
            UsedAssertion.objects.create(
                digest=digest, expires_at=question.asked_at + settings.PASSKEY_QUESTION_LASTS
            )
    except IntegrityError:
        raise PasskeyQuestionOverError from None
    return {"challenge": question.challenge, "require_user_verification": True}


def _parsed(answer: str) -> dict[str, Any]:
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise WrongPasskeyError
    return found


def _owner(data: dict[str, Any]) -> User | None:
    """Return whose passkey was used in vain, for the log; nothing of the answer is believed."""
    try:
        digest = Passkey.get_credential_id_sha256(base64url_to_bytes(data["rawId"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    found = Passkey.objects.filter(credential_id_sha256=digest).select_related("user").first()
    return found.user if found else None
