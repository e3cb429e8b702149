"""Every read of people and systems."""

from accounts.identity import login_index, reference_index
from accounts.models import DataSubject, User

__all__ = ["reference_index", "subject_by_reference", "user_by_email"]


def subject_by_reference(reference: str) -> DataSubject | None:
    """Return the data subject with this customer number, with its key."""
    found = DataSubject.objects.filter(reference_index=reference_index(reference))
    return found.select_related("key").first()


def user_by_email(email: str) -> User | None:
    """Return the login with this address, with its key."""
    return User.objects.filter(login_index=login_index(email)).select_related("key").first()
