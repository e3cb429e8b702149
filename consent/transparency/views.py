"""The log in the open: its signed head, its tree and its leaves, for whoever wants to check it (C2SP tlog-tiles)."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.gates import public_page
from audit import published, tiles
from consent.transparency.forms import CheckForm

P = ParamSpec("P")
_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
# A head is new within seconds; a tile or bundle never changes once it was served.
_SHORT, _EVER = "public, max-age=5", "public, max-age=31536000, immutable"


def _in_the_open(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let everyone in, without a session: what may be kept by any cache must not carry anybody's cookie."""

    @require_safe
    @csrf_exempt  # so that another method gets 405; nothing here changes anything
    @public_page
    @wraps(view)
    def opened(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request.__dict__.pop("session", None)
        response = view(request, *args, **kwargs)
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    return opened


@_in_the_open
def checkpoint(_request: HttpRequest) -> HttpResponse:
    note = published.checkpoint()
    if note is None:
        raise Http404
    return _answer(note.encode(), kind=_TEXT, kept=_SHORT)


@_in_the_open
def vkey(_request: HttpRequest) -> HttpResponse:
    """Return the keys that verify the signed heads. Whoever relies on one gets it in another way as well."""
    return _answer(published.keys().to_text().encode(), kind=_TEXT, kept=_SHORT)


@_in_the_open
def policy(_request: HttpRequest) -> HttpResponse:
    """Return which witnesses sign the heads, and how many must have (C2SP tlog-policy)."""
    return _answer(published.policy().encode(errors="surrogateescape"), kind=_TEXT, kept=_SHORT)


@_in_the_open
def tile(_request: HttpRequest, level: int, name: str) -> HttpResponse:
    part = tiles.parse(name)
    if part is None or level > tiles.HIGHEST_LEVEL:
        raise Http404
    return _part(published.tile(level=level, part=part))


@_in_the_open
def bundle(_request: HttpRequest, name: str) -> HttpResponse:
    part = tiles.parse(name)
    if part is None:
        raise Http404
    return _part(published.bundle(part))


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def check(request: HttpRequest) -> HttpResponse:
    """Check a proof, or an older signed head against the log of today. Nothing that is sent is kept."""
    if request.method != "POST":
        return render(request, "transparency/check.html", {"form": CheckForm()})
    form = CheckForm(request.POST, request.FILES)
    finding = form.finding() if form.is_valid() else None
    status = HTTPStatus.OK if finding else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(
        request, "transparency/check.html", {"form": form, "finding": finding}, status=status
    )


def _part(content: bytes | None) -> HttpResponse:
    if content is None:
        raise Http404
    return _answer(content, kind=_BYTES, kept=_EVER)


def _answer(content: bytes, *, kind: str, kept: str) -> HttpResponse:
    return HttpResponse(content, content_type=kind, headers={"Cache-Control": kept})
