"""Deny by default: what is not marked as open asks for both factors."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import acting, sessions
from accounts.allowances import STANDING, Standing
from accounts.gates import (
    CONTENT,
    Audience,
    audience_of,
    data_subject_of,
    is_asked_by_a_person,
    is_open_while_acting,
    not_while_acting,
    start_page,
    to_log_in,
    verified_user,
)
from accounts.models import User

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
        is_open, user = audience_of(view) in _OPEN, verified_user(request)
        if user is not None and acting.is_asked(request):
            answer = _while_acting(request, user, view=view, is_open=is_open)
            if answer is not None:
                return answer
        if is_open:
            return None
        if user is not None and sessions.is_of(request, user=user):
            if is_asked_by_a_person(request, view):
                sessions.touch(request, at=timezone.now())
            return None
        if request.method == "POST":
            messages.warning(
                request, _("You were logged out. What you filled in was not saved. Log in again.")
            )
        elif sessions.is_over(request):
            messages.info(
                request,
                _(
                    "You were logged out: you did nothing for a while, or were logged out from elsewhere. Log in again."
                ),
            )
        sessions.drop(request)
        return to_log_in(request)


class RateLimitFields:
    """Tell a client of the API in every answer how often it may ask, and how often it still may now."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        standing = request.META.get(STANDING)
        if isinstance(standing, Standing):
            for name, value in standing.headers().items():
                response.headers[name] = value
            if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                response.headers["Retry-After"] = str(standing.seconds)
        return response


def _while_acting(
    request: HttpRequest,
    user: User,
    *,
    view: Callable[..., HttpResponseBase],
    is_open: bool,
) -> HttpResponseBase | None:
    """Keep who acts for another on the pages that say so; stop at once when the mandate no longer counts."""
    own = data_subject_of(request)
    mandate = own and acting.mandate_of(request, representative_id=own.pk, at=timezone.now())
    if mandate:
        return None if is_open or is_open_while_acting(view) else not_while_acting(request)
    acting.stop(request)
    messages.warning(request, _("You no longer act for someone else: that mandate has ended."))
    return None if is_open else HttpResponseRedirect(start_page(user) + CONTENT)
