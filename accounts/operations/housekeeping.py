"""Throwing away what has served: nothing here is needed to prove anything."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts.limits import LIMITS
from accounts.models import (
    DeskOpening,
    Mandate,
    Notice,
    RecoveryDevice,
    ThrottleCounter,
    TotpDevice,
    UsedAssertion,
    UserSession,
)

# Long enough for the alarm, that looks one window back.
_COUNTERS_KEPT = max(timedelta(hours=1), 2 * max(limit.window for limit in LIMITS))
_NOTICES_KEPT = timedelta(days=30)
_OPENINGS_KEPT = timedelta(days=1)


@transaction.atomic
def forget_expired(*, at: datetime) -> None:
    """Forget what has served: assertions, sessions, counters, devices nobody confirmed, notices, what the desk closed."""
    Notice.objects.filter(created_at__lt=at - _NOTICES_KEPT).delete()
    UsedAssertion.objects.filter(expires_at__lt=at).delete()
    UserSession.objects.filter(expires_at__lte=at).delete()
    ThrottleCounter.objects.filter(window_start__lt=at - _COUNTERS_KEPT).delete()
    # A log-in may start its time again when a factor is passed, so give it twice as long.
    before = at - 2 * settings.LOGIN_PENDING_LASTS
    TotpDevice.objects.filter(confirmed=False, created_at__lt=before).delete()
    RecoveryDevice.objects.filter(confirmed=False, created_at__lt=before).delete()
    DeskOpening.objects.filter(open_until__lt=at - _OPENINGS_KEPT).delete()
    # The code of a mandate that nobody accepted opens nothing any more; the line in the log stays.
    Mandate.objects.filter(accepted_at=None, code_until__lt=at - _OPENINGS_KEPT).delete()
