"""Browsers that logged in before, counted apart, so that nobody elsewhere can lock the owner out (OWASP device cookies).

The cookie holds a random id, and for each account that was logged in to an HMAC of that id and the
account. It opens nothing and says nothing about anybody: it only lets this browser have counters of its
own. Nothing of it is stored; the counters are named by an HMAC once more.
"""

import hmac
import secrets
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from audit import keyring

LASTS = timedelta(days=365)
_ACCOUNTS = 5  # of one browser: a household
_ID_SIZE = 16  # bytes, 22 characters
_ID_LENGTH = 22
_BINDING_LENGTH = 32  # characters of hex: 128 bits
_LONGEST = _ID_LENGTH + _ACCOUNTS * (1 + _BINDING_LENGTH)


def of(request: HttpRequest) -> str:
    """Return the cookie as it was sent; it proves nothing yet."""
    return request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")


def binding(cookie: str, *, account: str) -> str:
    """Return what names this browser for this account (its `login_index`), "" when it never logged in to it."""
    browser, bindings = _parts(cookie)
    expected = _binding(browser, account)
    same = [one for one in bindings if hmac.compare_digest(one, expected)]  # looks at all of them
    return expected if same else ""


def renewed(cookie: str, *, account: str) -> str:
    """Return the cookie of a browser that just logged in to this account, the others in it kept."""
    browser, bindings = _parts(cookie)
    if not browser:
        browser = secrets.token_urlsafe(_ID_SIZE)
    newest = _binding(browser, account)
    others = [one for one in bindings if one != newest]
    return ".".join([browser, newest, *others][: 1 + _ACCOUNTS])


def keep(request: HttpRequest, response: HttpResponseBase, *, account: str) -> None:
    """Let this browser be known for this account from now on. Only after both factors."""
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        renewed(of(request), account=account),
        max_age=LASTS,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _parts(cookie: str) -> tuple[str, list[str]]:
    """Return the id and the bindings; nothing when the cookie is not one of ours."""
    browser, *bindings = cookie[: _LONGEST + 1].split(".")
    is_ours = (
        len(cookie) <= _LONGEST
        and cookie.isascii()
        and len(browser) == _ID_LENGTH
        and all(len(one) == _BINDING_LENGTH for one in bindings)
    )
    return (browser, bindings) if is_ours else ("", [])


def _binding(browser: str, account: str) -> str:
    value = f"{browser}|{account}"
    return keyring.blind_index(label="device-cookie", value=value)[:_BINDING_LENGTH]
