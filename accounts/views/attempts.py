"""What the pages that take a code or a password share: from where it was tried, and how a refusal is told."""

from datetime import datetime
from http import HTTPStatus
from math import ceil

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import addresses
from accounts.devices import DISABLED_AT, BoundedDevice
from accounts.errors import AccountsError, LockedOutError, TooManyAttemptsError
from accounts.forms import PasswordForm
from accounts.models import TotpDevice
from accounts.queries import app_of, has_passkey, recovery_codes_of
from accounts.views.passkey_part import passkey_part
from accounts.wording import fault


def refused(response: HttpResponse, error: AccountsError, *, at: datetime) -> HttpResponse:
    """Give a page with an error its status, and say how long to wait."""
    response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    if isinstance(error, TooManyAttemptsError):
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        seconds = max(1, ceil((error.until - at).total_seconds()))
        response.headers["Retry-After"] = str(seconds)
    return response


def locked_out(request: HttpRequest, error: LockedOutError, *, at: datetime) -> HttpResponse:
    """End the log-in that was halfway: whoever comes back after the wait begins with the password."""
    request.session.flush()
    form = PasswordForm({})
    form.errors.clear()
    form.add_error("email", fault(error, at=at))
    context = {"form": form, "passkey": passkey_part(None)}
    return refused(render(request, "accounts/log_in.html", context), error, at=at)


def disabled(request: HttpRequest, device: BoundedDevice, *, status: int = 200) -> HttpResponse:
    """Say what to do now that a second factor no longer counts."""
    is_app = isinstance(device, TotpDevice)
    other = recovery_codes_of(device.user) if is_app else app_of(device.user)
    has_other = other is not None and not other.is_disabled
    has_other = has_other or (not is_app and has_passkey(device.user))
    context = {"is_app": is_app, "has_other": has_other, "tried": DISABLED_AT}
    return render(request, "accounts/factor_disabled.html", context, status=status)


def caller(request: HttpRequest) -> str:
    """Return the address of the visitor, as far as the proxies in front of us know it."""
    return addresses.caller(
        remote=request.META.get("REMOTE_ADDR", ""),
        forwarded_for=request.headers.get("X-Forwarded-For", ""),
        proxies=settings.TRUSTED_PROXY_COUNT,
    )
