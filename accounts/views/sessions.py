"""Staying logged in, and logging out elsewhere."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts import operations, sessions
from accounts.gates import logged_in_page, next_page, open_while_acting, unattended
from accounts.models import User
from accounts.step_up import step_up_to_send
from accounts.wording import session_end


@require_http_methods(["GET", "HEAD", "POST"])
@unattended
@open_while_acting
@logged_in_page
def session(request: HttpRequest, user: User) -> HttpResponse:
    """Say until when the session goes on. Asking does not make it longer; sending does."""
    ends = session_end(sessions.current(request), at=timezone.now())
    if ends is None:
        raise Http404
    if request.method != "POST" or "application/json" in request.headers.get("Accept", ""):
        return JsonResponse(
            {"seconds": ends.seconds, "until": ends.until, "canGoOn": ends.can_go_on}
        )
    messages.success(request, _("You stay logged in until %(until)s.") % {"until": ends.until})
    return HttpResponseRedirect(next_page(request.POST.get("next", ""), user=user))


@require_POST
@logged_in_page
@step_up_to_send(back="security")
def end_session(request: HttpRequest, user: User, session_id: UUID) -> HttpResponse:
    ended = operations.log_out_elsewhere(
        user=user, keep=sessions.public_id(request), only=session_id, at=timezone.now()
    )
    if not ended:
        raise Http404
    return _done(request, ended)


@require_POST
@logged_in_page
@step_up_to_send(back="security")
def end_other_sessions(request: HttpRequest, user: User) -> HttpResponse:
    return _done(
        request,
        operations.log_out_elsewhere(
            user=user, keep=sessions.public_id(request), at=timezone.now()
        ),
    )


def _done(request: HttpRequest, ended: int) -> HttpResponse:
    said = ngettext(
        "You are logged out in %(count)s other browser.",
        "You are logged out in %(count)s other browsers.",
        ended,
    )
    messages.success(request, said % {"count": ended})
    return redirect("security")
