"""The last step of every way to log in: a session, the line in the log, and the cookie that this browser is known by."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django_otp.models import Device

from accounts import device_cookies, operations, sessions
from accounts.gates import CONTENT
from accounts.models import User
from accounts.session_rules import Method


def enter(
    request: HttpRequest,
    *,
    user: User,
    device: Device,
    method: Method,
    next_page: str,
    at: datetime,
    proven_at: datetime | None = None,
) -> HttpResponse:
    """Log in, and lead on. Both factors have passed, and the session is one that holds nothing.

    `proven_at` is when they did, where that is earlier than now.
    """
    cookie = device_cookies.of(request)
    is_known = bool(device_cookies.binding(cookie, account=user.login_index))
    operations.record_sign_in(
        user=user,
        device=device,
        at=at,
        cookie=cookie,
        browser=sessions.browser_of(request),
        is_known=is_known,
    )
    if operations.make_room(user=user, at=at):
        messages.warning(
            request,
            _(
                "You were logged in in too many places. You are logged out where it was longest ago."
            ),
        )
    sessions.begin(request, user=user, device=device, method=method, at=proven_at or at)
    response = HttpResponseRedirect(next_page if "#" in next_page else next_page + CONTENT)
    device_cookies.keep(request, response, account=user.login_index)
    return response
