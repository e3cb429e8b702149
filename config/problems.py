"""Every error, for whom it is meant: problem details (RFC 9457) for a system, a page for a person."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from rest_framework import exceptions
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from accounts.allowances import POLICY
from consent.errors import ConsentError

API_ROOTS = frozenset({"access", "api", "oauth", "healthz", ".well-known"})
CONTENT_TYPE = "application/problem+json"
KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")

# What to do, where the error itself does not say so. In English: the readers make other systems.
ADVICE = {
    400: "The request cannot be understood. Compare it with /api/v1/openapi.json, then try again.",
    401: "Send a valid access token in the Authorization header; POST /oauth/token gives one.",
    403: "This client may not do this. Ask the organisation which rights the client has.",
    404: "There is nothing at this address. /api/v1/openapi.json lists every address.",
    405: "This address does not answer that method. The header Allow names those it does answer.",
    406: "Only JSON can be sent back. Leave out the header Accept, or ask for application/json.",
    413: "The body is larger than 1 MB. Send less at a time.",
    415: "Send the body as JSON, with the header Content-Type: application/json.",
    429: "This was asked too often. Wait as long as the header Retry-After says, then try again.",
    500: "Something went wrong on our side; the request was not carried out. Try again later, and "
    "tell the organisation when it keeps happening.",
    503: "Something is wrong with this installation; the member checks names it. Tell its operator.",
}
# draft-ietf-httpapi-ratelimit-headers-10: a program that knows the draft needs no other code.
QUOTA_EXCEEDED = {
    "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
    "code": "throttled",
    "violated-policies": [POLICY],
}
INVALID = "One or more values cannot be used. The member errors names each, and what is wrong."


def is_api(request: HttpRequest) -> bool:
    """Return whether a system asks here, and not a person with a browser."""
    root, *rest = request.path_info.lstrip("/").split("/")
    return root in API_ROOTS or (root == "log" and rest[:1] != ["controleren"])


def problem(
    status: int,
    *,
    detail: str = "",
    code: str = "",
    errors: list[dict[str, str]] | None = None,
    members: Mapping[str, object] | None = None,
) -> HttpResponse:
    """Return an error as problem details; `code` is for programs and never changes, `detail` is for people."""
    title = HTTPStatus(status).phrase
    body: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail or ADVICE.get(status, title),
        "code": code or title.lower().replace(" ", "-"),
    }
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        body.update(QUOTA_EXCEEDED)
    if errors:
        body["errors"] = errors
    body.update(members or {})
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)


def as_problem(response: HttpResponseBase) -> HttpResponse:
    """Return the same refusal as problem details, for a view or middleware that answered with a page."""
    refusal = problem(response.status_code)
    for name in KEPT_HEADERS:
        if name in response.headers:
            refusal.headers[name] = response.headers[name]
    return refusal


def problem_details(exc: Exception, _context: Mapping[str, Any]) -> HttpResponse | None:
    """Answer what an API view raised; None when it is a fault of ours (`server_error` answers those)."""
    error = _known(exc)
    if error is None:
        return None
    set_rollback()
    if isinstance(error, ConsentError):
        return problem(HTTPStatus.CONFLICT, detail=str(error), code=error.code)
    if isinstance(error, exceptions.ValidationError):
        faults = list(_faults(error.detail, "#"))
        return problem(error.status_code, detail=INVALID, code="invalid", errors=faults)
    response = problem(error.status_code, detail=_detail(error), code=_code(error))
    if scheme := getattr(error, "auth_header", None):
        response.headers["WWW-Authenticate"] = scheme
    if wait := getattr(error, "wait", None):
        response.headers["Retry-After"] = str(int(wait))
    return response


def _known(exc: Exception) -> exceptions.APIException | ConsentError | None:
    match exc:
        case exceptions.APIException() | ConsentError():
            return exc
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case RequestDataTooBig():
            return _TooLarge()
        case RecursionError():  # the JSON reader gives up on a body that is one deep nest
            return exceptions.ParseError("JSON parse error - nested too deeply")
        case _:
            return None


class _TooLarge(exceptions.APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = ""
    default_code = "request-entity-too-large"


def _detail(error: exceptions.APIException) -> str:
    """Return what the one who raised the error says; where nobody said a word, what to do."""
    said = str(error.detail)
    if said.startswith("JSON parse error"):
        return f"The body is not valid JSON ({said}). Send one JSON object, encoded as UTF-8."
    is_stock = isinstance(error, exceptions.MethodNotAllowed | exceptions.UnsupportedMediaType)
    return "" if is_stock or said == str(error.default_detail) else said


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return (codes if isinstance(codes, str) else error.default_code).replace("_", "-")


def _faults(detail: object, place: str) -> Iterator[dict[str, str]]:
    """Yield every fault with the JSON pointer (RFC 6901, as URI fragment) of the value it is about."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            of_whole = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from _faults(value, place if of_whole else f"{place}/{_escaped(str(key))}")
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            is_message = not isinstance(value, Mapping | list)
            yield from _faults(value, place if is_message else f"{place}/{index}")
    else:
        code = str(getattr(detail, "code", "invalid")).replace("_", "-")
        yield {"pointer": place, "code": code, "detail": str(detail)}


def _escaped(key: str) -> str:
    return quote(key.replace("~", "~0").replace("/", "~1"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    is_too_large = isinstance(exception, RequestDataTooBig)
    return refuse(request, 413 if is_too_large else 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return refuse(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return refuse(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return refuse(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    return refuse(request, 403, page="403_open_too_long")


def refuse(request: HttpRequest, status: int, *, page: str = "") -> HttpResponse:
    """Answer with the error page or the problem of this status; needs no database and no session."""
    if is_api(request):
        return problem(status)
    text = render_to_string(f"{page or status}.html", {"help_phone": settings.HELP_PHONE})
    return HttpResponse(text, status=status)
