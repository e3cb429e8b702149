"""Every read of people and systems: by a keyed hash of what is typed, never by the value itself."""

from uuid import UUID

from accounts.identity import login_index, reference_index
from accounts.models import DataSubject, RecoveryDevice, TotpDevice, User

__all__ = [
    "app_of",
    "has_second_factor",
    "recovery_codes_of",
    "reference_index",
    "subject_by_reference",
    "subject_of",
    "user_by_email",
]


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


def has_second_factor(user: User) -> bool:
    """Say whether there is a second factor, so that a password alone may add none."""
    return app_of(user) is not None
