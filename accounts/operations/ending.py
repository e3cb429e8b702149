"""Taking away what gives access: sessions and second factors."""

from django_otp import devices_for_user

from accounts.models import User
from accounts.operations.erasure import end_sessions_of


def end_sessions(user: User) -> int:
    """End every session of a user, those that are halfway logging in as well; return how many."""
    return end_sessions_of(user.pk)


def remove_factors(user: User) -> None:
    """Remove every second factor, of whatever kind, with the recovery codes."""
    for device in list(devices_for_user(user, confirmed=None)):
        device.delete()
