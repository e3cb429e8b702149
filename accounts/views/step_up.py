"""Showing once more that it is you, and going on to where that was asked."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp.models import Device

from accounts import device_cookies, operations, sessions
from accounts.errors import FactorDisabledError, TooManyAttemptsError, WrongCodeError
from accounts.forms import CodeForm, PasskeyForm
from accounts.gates import CONTENT, logged_in_page, next_page, read_and_send, start_page
from accounts.models import User
from accounts.oidc.provider import configured
from accounts.queries import app_of, identities_of
from accounts.questions import Step
from accounts.session_rules import Method
from accounts.views.attempts import caller, refused
from accounts.views.passkey_part import passkey_part
from accounts.views.passkeys import asked, passed
from accounts.wording import fault


@read_and_send
@sensitive_post_parameters()
@logged_in_page
def step_up(request: HttpRequest, user: User) -> HttpResponse:
    """Ask for a second factor of someone who is logged in. A recovery code or a password is none."""
    came_for = _came_for(request, user)
    form = CodeForm(request.POST if request.method == "POST" else None)
    device = app_of(user)
    if device is None or not form.is_bound:
        return _show(request, user, came_for, form)
    if not form.is_valid():
        return _show(request, user, came_for, form, status=422)
    at = timezone.now()
    try:
        operations.check_code(
            user=user,
            device=device,
            code=form.cleaned_data["code"],
            address=caller(request),
            cookie=device_cookies.of(request),
            at=at,
        )
    except (WrongCodeError, TooManyAttemptsError, FactorDisabledError) as error:
        form.add_error("code", fault(error, at=at, is_app=True))
        return refused(_show(request, user, came_for, form), error, at=at)
    return _confirmed(request, user, device, Method.APP, came_for=came_for, at=at)


@require_POST
@logged_in_page
def step_up_question(request: HttpRequest, user: User) -> HttpResponse:
    """Give the question to a device with a passkey of who is logged in."""
    return asked(
        request, lambda **told: operations.ask_for_passkey(user=user, **told), Step.STEP_UP
    )


@read_and_send
@sensitive_post_parameters()
@logged_in_page
def step_up_passkey(request: HttpRequest, user: User) -> HttpResponse:
    """Take a passkey as the second factor of someone who is logged in."""
    came_for, form, at = _came_for(request, user), PasskeyForm(request.POST), timezone.now()
    if request.method != "POST":
        return _show(request, user, came_for, CodeForm())
    passkey = passed(request, form, Step.STEP_UP, user=user, at=at)
    if passkey is None:
        return _show(request, user, came_for, CodeForm(), passkey_form=form, status=422)
    return _confirmed(request, user, passkey, Method.PASSKEY, came_for=came_for, at=at)


def _came_for(request: HttpRequest, user: User) -> str:
    told = request.POST if request.method == "POST" else request.GET
    return next_page(told.get("next", ""), user=user)


def _confirmed(
    request: HttpRequest,
    user: User,
    device: Device,
    method: Method,
    *,
    came_for: str,
    at: datetime,
) -> HttpResponse:
    operations.confirm_identity(user=user, method=method, at=at)
    sessions.prove_again(request, device=device, method=method, at=at)
    return HttpResponseRedirect(came_for if "#" in came_for else came_for + CONTENT)


def _show(
    request: HttpRequest,
    user: User,
    came_for: str,
    form: CodeForm,
    *,
    passkey_form: PasskeyForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "passkey": passkey_part(user, form=passkey_form),
        "next": came_for,
        "has_app": app_of(user) is not None,
        "provider": _provider_of(user),
        "start": start_page(user),
    }
    return render(request, "accounts/step_up.html", context, status=status)


def _provider_of(user: User) -> str:
    """Return the name of the provider by which this user can show who it is, if there is one."""
    provider = configured()
    issuers = {identity.issuer for identity in identities_of(user)} if provider else set()
    return provider.name if provider and provider.issuer in issuers else ""
