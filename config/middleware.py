"""What holds for every request and every answer, whichever app gives it."""

import re
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation

from audit.keyring import SealBrokenError
from config import problems
from consent.operations.seals import note_broken_seal

Answerer = Callable[[HttpRequest], HttpResponseBase]

POLICY_REPORTS = "/beleid/melding"  # config.views.policy_report
# Scripts and styles come from our own files only; nothing inline, nothing from elsewhere.
# The QR code of the second factor is a data: image.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; "
    f"frame-ancestors 'none'; report-uri {POLICY_REPORTS}"
)
REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-store",  # personal data never stays in a cache; static files bring their own
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": settings.X_FRAME_OPTIONS,
}


class SecurityHeaders:
    """Put the headers on every answer, also on errors and static files; a view that set one itself keeps it."""

    def __init__(self, get_response: Answerer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class ApiManners:
    """In every answer of the API: its version, what the caller calls the request, and no error page."""

    def __init__(self, get_response: Answerer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if problems.is_api(request):
            if response.status_code >= HTTPStatus.BAD_REQUEST and _is_page(response):
                response = problems.as_problem(response)
            response.headers["API-Version"] = str(settings.SPECTACULAR_SETTINGS["VERSION"])
            _echo(request, response)
        return response


def _echo(request: HttpRequest, response: HttpResponseBase) -> None:
    """Send the name of the request back, unless every cache may keep the answer and give it to others."""
    given = request.headers.get("X-Request-ID", "")
    may_be_kept = "public" in response.headers.get("Cache-Control", "")
    if REQUEST_ID.fullmatch(given) and not may_be_kept:
        response.headers["X-Request-ID"] = given


def _is_page(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Type", "text/html").startswith("text/html")


class RequestLimits:
    """Refuse a body over the limit before anything reads it; servers give the real length of a chunked body."""

    def __init__(self, get_response: Answerer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit():
            return problems.refuse(request, HTTPStatus.BAD_REQUEST)
        if int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return problems.refuse(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return self.get_response(request)


class BrokenSeals:
    """Tell in the log when a page meets sealed data of another place; whoever asked sees an error page, and no data."""

    def __init__(self, get_response: Answerer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if isinstance(exception, SealBrokenError):
            route = request.resolver_match.route if request.resolver_match else ""
            note_broken_seal(page=f"/{route}", at=timezone.now())


class ChosenLanguage:
    """Speak Dutch, unless the visitor chose otherwise here. What the browser prefers is not a choice.

    Systems get English: it is the language of the API's own words.
    """

    def __init__(self, get_response: Answerer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = _language_of(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


def _language_of(request: HttpRequest) -> str:
    if problems.is_api(request):
        return "en"
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
