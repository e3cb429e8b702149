"""What pages behind a mailed link share: reading changes nothing, a button does, and a link that no longer counts says so."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.models import LinkPurpose, MailLink
from accounts.operations.links import link_of

LinkPage = Callable[[HttpRequest, MailLink, str], HttpResponse]


def with_link(purpose: LinkPurpose) -> Callable[[LinkPage], Callable[..., HttpResponse]]:
    """Hand the page its link, and show another page when that does not count (any more), for this or at all."""

    def decorated(page: LinkPage) -> Callable[..., HttpResponse]:
        @wraps(page)
        def opened(request: HttpRequest, token: str) -> HttpResponse:
            link = link_of(purpose=purpose, token=token, at=timezone.now())
            return gone(request) if link is None else page(request, link, token)

        return opened

    return decorated


def gone(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/link_gone.html", status=404)
