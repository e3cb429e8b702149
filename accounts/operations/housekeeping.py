"""Throwing away what has served: nothing here is needed to prove anything."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts.limits import LIMITS
from accounts.models import (
    Invitation,
    MailLink,
    Notice,
    PostedCode,
    RecoveryDevice,
    ThrottleCounter,
    TotpDevice,
    UsedAssertion,
    UserSession,
)

# Long enough for the alarm, that looks one window back.
_COUNTERS_KEPT = max(timedelta(hours=1), 2 * max(limit.window for limit in LIMITS))
_NOTICES_KEPT = timedelta(days=30)


@transaction.atomic
def forget_expired(*, at: datetime) -> None:
    """Forget assertions and sessions that are over, past counters, devices nobody confirmed and old notices."""
    Notice.objects.filter(created_at__lt=at - _NOTICES_KEPT).delete()
    MailLink.objects.filter(expires_at__lt=at).delete()
    PostedCode.objects.filter(expires_at__lt=at).delete()
    Invitation.objects.filter(created_at__lt=at - _NOTICES_KEPT).delete()
    UsedAssertion.objects.filter(expires_at__lt=at).delete()
    UserSession.objects.filter(expires_at__lte=at).delete()
    ThrottleCounter.objects.filter(window_start__lt=at - _COUNTERS_KEPT).delete()
    # A log-in may start its time again when a factor is passed, so give it twice as long.
    before = at - 2 * settings.LOGIN_PENDING_LASTS
    TotpDevice.objects.filter(confirmed=False, created_at__lt=before).delete()
    RecoveryDevice.objects.filter(confirmed=False, created_at__lt=before).delete()
