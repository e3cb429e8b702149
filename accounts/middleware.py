"""Deny by default: what is not marked as open asks for both factors."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import sessions
from accounts.gates import Audience, audience_of, to_log_in, verified_user

_OPEN = frozenset({Audience.EVERYONE, Audience.HALFWAY})  # halfway pages check for themselves


class BothFactorsRequired:
    """Send everyone who did not pass both factors to the log-in page, except from a page marked as open."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        _args: tuple[Any, ...],
        _kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        if audience_of(view) in _OPEN:
            return None
        if verified_user(request) is not None:
            if (
                "HX-Request" not in request.headers
            ):  # a page that looks by itself keeps nobody logged in
                sessions.touch(request, at=timezone.now())
            return None
        if request.method == "POST":
            messages.warning(
                request, _("You were logged out. What you filled in was not saved. Log in again.")
            )
        return to_log_in(request)
