"""What the pages that take a code or a password share: from where it was tried, and how a refusal is told."""

from datetime import datetime
from http import HTTPStatus
from math import ceil

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts import addresses
from accounts.errors import AccountsError, TooManyAttemptsError


def refused(response: HttpResponse, error: AccountsError, *, at: datetime) -> HttpResponse:
    """Give a page with an error its status, and say how long to wait."""
    response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    if isinstance(error, TooManyAttemptsError):
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        seconds = max(1, ceil((error.until - at).total_seconds()))
        response.headers["Retry-After"] = str(seconds)
    return response


def caller(request: HttpRequest) -> str:
    """Return the address of the visitor, as far as the proxies in front of us know it."""
    return addresses.caller(
        remote=request.META.get("REMOTE_ADDR", ""),
        forwarded_for=request.headers.get("X-Forwarded-For", ""),
        proxies=settings.TRUSTED_PROXY_COUNT,
    )
