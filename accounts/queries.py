"""Every read of people and systems: by a keyed hash of what is typed, never by the value itself."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts import throttle
from accounts.identity import login_index, reference_index
from accounts.models import (
    DataSubject,
    Passkey,
    RecoveryDevice,
    TotpDevice,
    User,
    UserSession,
)
from audit import queries as log
from audit.events import EventKind

__all__ = [
    "EVERYONE",
    "app_of",
    "has_passkey",
    "has_second_factor",
    "log_in_is_attacked",
    "passkey_of",
    "passkeys_of",
    "recovery_codes_of",
    "reference_index",
    "sessions_of",
    "sign_ins_of",
    "subject_by_reference",
    "subject_of",
    "user_by_email",
]

EVERYONE = "all"


def log_in_is_attacked(*, at: datetime) -> bool:
    """Return whether very many accounts got a wrong password, in this quarter of an hour or the last: one query."""
    limit = throttle.ACCOUNTS_WITH_A_WRONG_PASSWORD
    return throttle.is_full(limit=limit, value=EVERYONE, at=at)


SIGN_INS = frozenset({EventKind.SIGNED_IN, EventKind.SIGN_IN_FAILED})
_SIGN_INS_SHOWN = 10


def subject_by_reference(reference: str) -> DataSubject | None:
    """Return the data subject with this customer number, with its key."""
    found = DataSubject.objects.filter(reference_index=reference_index(reference))
    return found.select_related("key").first()


def subject_of(user_id: UUID) -> DataSubject | None:
    """Return the data subject behind this login, with its key; None for an officer."""
    return DataSubject.objects.filter(user_id=user_id).select_related("key").first()


def user_by_email(email: str) -> User | None:
    """Return the login with this address, with its key."""
    return User.objects.filter(login_index=login_index(email)).select_related("key").first()


def app_of(user: User) -> TotpDevice | None:
    """Return the authenticator app that counts: the one that was set up last."""
    return TotpDevice.objects.filter(user=user, confirmed=True).order_by("-pk").first()


def recovery_codes_of(user: User) -> RecoveryDevice | None:
    """Return the set of recovery codes that counts."""
    return RecoveryDevice.objects.filter(user=user, confirmed=True).order_by("-pk").first()


def passkeys_of(user: User) -> list[Passkey]:
    """Return the passkeys of this user with what is needed to read their names, oldest first."""
    found = Passkey.objects.filter(user=user, confirmed=True)
    return list(found.select_related("user__key").order_by("pk"))


def passkey_of(user: User, public_id: UUID) -> Passkey | None:
    """Return the passkey with this id if it is one of this user's."""
    found = Passkey.objects.filter(user=user, confirmed=True, public_id=public_id)
    return found.select_related("user__key").first()


def has_passkey(user: User) -> bool:
    return Passkey.objects.filter(user=user, confirmed=True).exists()


def has_second_factor(user: User) -> bool:
    """Say whether there is a second factor, so that a password alone may add none."""
    return app_of(user) is not None or has_passkey(user)


def sessions_of(user: User, *, at: datetime) -> Sequence[UserSession]:
    """Return where a user is logged in, the browser that was used last first."""
    open_now = UserSession.objects.filter(user=user, expires_at__gt=at).exclude(role="")
    return list(open_now.order_by("-last_seen_at", "public_id"))


def sign_ins_of(user: User) -> Sequence[log.EntryView]:
    """Return how a customer logged in lately and who tried to, newest first; nothing for staff.

    What staff do names the login in the part for officers, and is not looked up by it.
    """
    subject = subject_of(user.id)
    if subject is None:
        return ()
    kept = log.EntryFilter(subject_id=subject.id, kinds=SIGN_INS)
    return log.entries(filter=kept, before=None, limit=_SIGN_INS_SHOWN)
