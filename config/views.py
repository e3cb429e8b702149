"""What is about the installation itself: addresses that every site has (RFC 8615), and whether it is well."""

from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.gates import public_page
from audit import health
from config import problems

_WHERE_TO_CHANGE_IT = "/beveiliging/wachtwoord/"
# RFC 9116 section 2.5.5 asks for less than a year; whole days, so that the file changes once a day.
COUNTS_FOR = timedelta(days=365)


@require_safe
@csrf_exempt  # so that another method gets 405; nothing here changes anything
@public_page
def security_txt(_request: HttpRequest) -> HttpResponse:
    if not settings.SECURITY_CONTACT:
        raise Http404
    day = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {day + COUNTS_FOR:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: nl, en",
        f"Canonical: {settings.PUBLIC_BASE_URL}{reverse('security-txt')}",
    ]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")


@require_safe
@csrf_exempt  # as above
@public_page
def change_password(_request: HttpRequest) -> HttpResponse:
    """Bring a password manager to where a password is changed (W3C, A Well-Known URL for Changing Passwords)."""
    return HttpResponseRedirect(_WHERE_TO_CHANGE_IT)


@require_safe
@csrf_exempt  # as above
@public_page
def healthz(_request: HttpRequest) -> HttpResponse:
    """Tell whoever watches over this installation how it is: in states only, for anyone may ask."""
    try:
        found = health.checks(at=timezone.now())
    except DatabaseError:
        found = [health.Check(name="database", state="down")]
    else:
        found.insert(0, health.Check(name="database", state=health.OK))
    states = {check.name: check.state for check in found}
    if all(check.is_well for check in found):
        return JsonResponse({"status": "ok", "checks": states})
    return problems.problem(503, code="not-well", members={"checks": states})
