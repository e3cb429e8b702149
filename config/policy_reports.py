"""What browsers say of a page that asked for more than its policy allows (W3C, Content Security Policy 3)."""

import json
import logging
import re
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.gates import public_page

_logger = logging.getLogger(__name__)
_DIRECTIVE = re.compile(r"[a-z-]{1,40}")
_LARGEST = 8 * 1024
# What was told once since the start is not told again: anyone can send these.
_TOLD: set[tuple[str, str]] = set()
_MOST_TOLD = 100


@csrf_exempt  # a browser sends it by itself; nothing here changes anything
@require_POST
@public_page
def policy_report(request: HttpRequest) -> HttpResponse:
    """Tell the operator which page met which directive, once; no address, for that may be a link that opens something."""
    found = _read(request)
    if found is not None and found not in _TOLD and len(_TOLD) < _MOST_TOLD:
        _TOLD.add(found)
        _logger.warning("A browser met %s on the page %s.", *found)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _read(request: HttpRequest) -> tuple[str, str] | None:
    """Return the directive and the route, when it is a report about a page of ours."""
    body = request.body
    if len(body) > _LARGEST:
        return None
    try:
        report = json.loads(body)["csp-report"]
        directive, address = report["violated-directive"], report["document-uri"]
        path = re.sub(r"^https?://[^/]*|[?#].*$", "", address)
        page = resolve(path).route
    except (ValueError, KeyError, TypeError, RecursionError, Resolver404):
        return None
    named = _DIRECTIVE.match(str(directive))
    return (named[0], f"/{page}") if named else None
