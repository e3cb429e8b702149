"""Errors and instructions of logging in, in words for people."""

import io
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from math import ceil
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import totp
from accounts.errors import (
    AccountsError,
    FactorDisabledError,
    TooManyAttemptsError,
    WeakPasswordError,
    WrongCodeError,
)
from accounts.identity import email_of
from accounts.models import TotpDevice
from accounts.password_rules import LONGEST, SHORTEST, SHORTEST_OF_STAFF, Weakness


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupTexts:
    """What an app needs to know: for a camera, for the phone itself and for a keyboard."""

    qr: SafeString
    address: str  # the same as a link, for who reads this on the phone that has the app
    secret: str
    issuer: str
    account: str


def fault(error: AccountsError, *, at: datetime, is_app: bool = False) -> str:
    """Say what went wrong and what to do. For a password it never says which of the two was wrong."""
    if isinstance(error, TooManyAttemptsError):
        wait = _duration((error.until - at).total_seconds())
        return _("You tried too often. Wait %(time)s. Then try again.") % {"time": wait}
    if isinstance(error, FactorDisabledError):
        if is_app:
            return _("There were too many wrong codes. Log in with a recovery code.")
        return _("There were too many wrong codes. Call us.")
    if isinstance(error, WrongCodeError):
        if is_app:
            return _("This code is not right. Type the code that your app shows now.")
        return _("This code is not right, or it was used before. Try another code.")
    return _("This e-mail address and password do not belong together. Check both.")


def posted_code_fault(error: AccountsError, *, at: datetime) -> str:
    """Say what is wrong with a code from a letter, or how long to wait."""
    if isinstance(error, TooManyAttemptsError):
        return fault(error, at=at)
    return _("This code is not right, or it no longer counts. Look at the letter again.")


def weak_password(error: WeakPasswordError, *, is_staff: bool) -> str:
    """Say what is wrong with a new password, and what makes a good one."""
    if error.weakness is Weakness.TOO_SHORT:
        least = SHORTEST_OF_STAFF if is_staff else SHORTEST
        return _("This password is too short. Use at least %(count)s characters.") % {
            "count": least
        }
    if error.weakness is Weakness.TOO_LONG:
        return _("This password is too long. Use at most %(count)s characters.") % {
            "count": LONGEST
        }
    if error.weakness is Weakness.LEAKED:
        return _("This password has leaked somewhere before. Choose another one.")
    return _("This password is easy to guess. Use a few words that do not belong together.")


def setup_texts(device: TotpDevice) -> SetupTexts:
    """Return how to add this app: as a picture, and as text for who cannot use a picture."""
    secret, account, issuer = device.secret(), email_of(device.user), _issuer()
    address = totp.address(secret=secret, issuer=issuer, account=account)
    return SetupTexts(
        qr=_qr(address),
        address=address,
        secret=totp.in_groups(secret),
        issuer=issuer,
        account=account,
    )


def _issuer() -> str:
    """Return what an app calls us: the name that we also send mail under."""
    name, _address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return name or urlsplit(settings.PUBLIC_BASE_URL).hostname or "Regie"


def _qr(text: str) -> SafeString:
    """Draw a QR code: black on white in dark mode too, or cameras do not see it."""
    drawing = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawing,
        kind="svg",
        omitsize=True,  # the style sheet sizes it, to fit a small screen too
        border=4,
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgclass=None,
        lineclass=None,
    )
    return mark_safe(drawing.getvalue().decode())  # noqa: S308 - drawn here; no text of it comes from outside


def _duration(seconds: float) -> str:
    if seconds > 90:  # noqa: PLR2004 - until then people count in seconds
        minutes = ceil(seconds / 60)
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    whole = max(1, ceil(seconds))
    return ngettext("%(count)s second", "%(count)s seconds", whole) % {"count": whole}
