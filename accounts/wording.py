"""Errors and instructions of logging in, in words for people."""

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from math import ceil
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.utils import formats, timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from accounts import browsers, totp
from accounts.errors import (
    AccountsError,
    FactorDisabledError,
    LastFactorError,
    PasskeyQuestionOverError,
    TooManyAttemptsError,
    TooManyPasskeysError,
    WrongCodeError,
    WrongPasskeyError,
)
from accounts.identity import email_of
from accounts.models import TotpDevice, UserSession
from accounts.session_store import limits_of
from audit.events import EventKind
from audit.queries import EntryView


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
        return _("There were too many wrong codes. This app no longer counts. Call us.")
    if isinstance(error, WrongCodeError):
        if error.clock_is_off is not None:
            return _clock_is_off(error.clock_is_off)
        if is_app:
            return _("This code is not right. Type the code that your app shows now.")
        return _("This code is not right, or it was used before. Try another code.")
    return _("This e-mail address and password do not belong together. Check both.")


def passkey_fault(error: AccountsError, *, at: datetime) -> str:
    """Say what went wrong with a passkey and what to do; never what was wrong with the answer."""
    match error:
        case PasskeyQuestionOverError():
            return _("That took too long. Press the button once more.")
        case WrongPasskeyError():
            return _("This passkey does not work here. Try another one, or go on in another way.")
        case TooManyPasskeysError():
            return _("You have ten passkeys. Remove one first.")
        case LastFactorError():
            return _(
                "You cannot remove this passkey: you need it to log in. Make another one first."
            )
        case _:
            return fault(error, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """When a session ends if nothing more is asked for. `can_go_on`: something that is asked for moves it."""

    seconds: int
    until: str
    can_go_on: bool


def session_end(row: UserSession | None, *, at: datetime) -> SessionEnd | None:
    """Return when this session ends; None for who is not logged in."""
    if row is None:
        return None
    last = limits_of(row.role).end(created_at=row.created_at, last_seen_at=row.expires_at)
    return SessionEnd(
        seconds=max(0, int((row.expires_at - at).total_seconds())),
        until=_clock(row.expires_at),
        can_go_on=row.expires_at < last,
    )


def browser_words(code: str) -> str:
    """Return a kind of browser as people say it: "Firefox on Windows"."""
    browser, _separator, system = code.partition("/")
    name, on = browsers.NAMES.get(browser, ""), browsers.NAMES.get(system, "")
    if name and on:
        return _("%(browser)s on %(system)s") % {"browser": name, "system": on}
    return name or on or _("an unknown browser")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLine:
    """One time that somebody logged in, or tried to."""

    at: datetime
    text: str
    is_refusal: bool


_FACTORS = {
    "app": gettext_lazy("with your password and a code"),
    "passkey": gettext_lazy("with a passkey"),
    "recovery-code": gettext_lazy("with your password and a recovery code"),
}


def sign_in_words(entry: EntryView) -> SignInLine:
    """Say what a line of the log tells about logging in."""
    shown = entry.shown or {}
    if entry.kind == EventKind.SIGN_IN_FAILED:
        text = _("Someone tried to log in. That did not work.")
        return SignInLine(at=entry.at, text=text, is_refusal=True)
    factor = _FACTORS.get(str(shown.get("factor", "")), "")
    text = (
        _("You logged in with %(browser)s, %(factor)s.")
        if factor
        else _("You logged in with %(browser)s.")
    )
    facts = {"browser": browser_words(str(shown.get("browser", ""))), "factor": factor}
    return SignInLine(at=entry.at, text=text % facts, is_refusal=False)


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


def _clock_is_off(offset: timedelta) -> str:
    """Say that the code is of another moment: most often the clock of the telephone is wrong."""
    time = {"time": _duration(abs(offset.total_seconds()))}
    if offset < timedelta(0):
        said = _("This is a code of about %(time)s ago. Type the code that your app shows now.")
    else:
        said = _("This is a code of about %(time)s from now.")
    fix = _(
        "Is it the newest code? Then the clock of your phone is wrong. Set it to automatic time."
    )
    return f"{said % time} {fix}"


def _clock(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return formats.date_format(local, pgettext("format of a time", "H:i"))


def _duration(seconds: float) -> str:
    if seconds > 90:  # noqa: PLR2004 - until then people count in seconds
        minutes = ceil(seconds / 60)
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    whole = max(1, ceil(seconds))
    return ngettext("%(count)s second", "%(count)s seconds", whole) % {"count": whole}
