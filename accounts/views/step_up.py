"""Showing once more that it is you, and going on to where that was asked."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from accounts import operations, sessions
from accounts.errors import FactorDisabledError, TooManyAttemptsError, WrongCodeError
from accounts.forms import CodeForm
from accounts.gates import CONTENT, logged_in_page, next_page, read_and_send, start_page
from accounts.models import User
from accounts.queries import app_of
from accounts.session_rules import Method
from accounts.views.attempts import caller, refused
from accounts.wording import fault


@read_and_send
@sensitive_post_parameters()
@logged_in_page
def step_up(request: HttpRequest, user: User) -> HttpResponse:
    """Ask for a second factor of someone who is logged in. A recovery code or a password is none."""
    asked = request.POST if request.method == "POST" else request.GET
    came_for = next_page(asked.get("next", ""), user=user)
    form = CodeForm(request.POST if request.method == "POST" else None)
    device = app_of(user)
    context = {
        "form": form,
        "next": came_for,
        "has_app": device is not None,
        "start": start_page(user),
    }
    if device is None or not form.is_bound:
        return render(request, "accounts/step_up.html", context)
    if not form.is_valid():
        return render(request, "accounts/step_up.html", context, status=422)
    at = timezone.now()
    try:
        operations.check_code(
            user=user,
            device=device,
            code=form.cleaned_data["code"],
            address=caller(request),
            at=at,
        )
    except (WrongCodeError, TooManyAttemptsError, FactorDisabledError) as error:
        form.add_error("code", fault(error, at=at, is_app=True))
        return refused(render(request, "accounts/step_up.html", context), error, at=at)
    operations.confirm_identity(user=user, method=Method.APP, at=at)
    sessions.prove_again(request, device=device, method=Method.APP, at=at)
    return HttpResponseRedirect(came_for if "#" in came_for else came_for + CONTENT)
