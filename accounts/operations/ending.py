"""Taking away what gives access."""

from django_otp import devices_for_user

from accounts.models import User


def remove_factors(user: User) -> None:
    """Remove every second factor, of whatever kind, with the recovery codes."""
    for device in list(devices_for_user(user, confirmed=None)):
        device.delete()
