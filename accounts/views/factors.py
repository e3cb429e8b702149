"""My security: another app, and new recovery codes. Both ask for a fresh second factor first."""

import django_otp
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts import device_cookies, operations, sessions
from accounts.errors import TooManyAttemptsError, WrongCodeError
from accounts.forms import CodeForm
from accounts.gates import CONTENT, logged_in_page, read_and_send
from accounts.models import TotpDevice, User
from accounts.session_rules import Method
from accounts.step_up import step_up_required
from accounts.views.attempts import caller, refused
from accounts.views.codes import ask_for_codes
from accounts.wording import fault, setup_texts

_NEW_APP = "new_app"


@read_and_send
@sensitive_post_parameters()
@logged_in_page
@step_up_required
def new_codes(request: HttpRequest, user: User) -> HttpResponse:
    """Make ten new recovery codes; the old ones count until one of the new ones was typed back."""
    answer = ask_for_codes(request, user, action=reverse("new-codes"), at=timezone.now())
    if answer is not None:
        return answer
    messages.success(request, _("Your new recovery codes count from now. The old ones do not."))
    return HttpResponseRedirect(reverse("security") + CONTENT)


@read_and_send
@sensitive_post_parameters()
@logged_in_page
@step_up_required
def new_app(request: HttpRequest, user: User) -> HttpResponse:
    """Set up another app in place of the one there is, which counts until the new one gave a right code."""
    kept = TotpDevice.objects.filter(pk=request.session.get(_NEW_APP), user=user, confirmed=False)
    device = kept.first()
    if device is None:
        device = operations.start_app(user=user, at=timezone.now())
        request.session[_NEW_APP] = device.pk
    form = CodeForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _show(request, device, form)
    if not form.is_valid():
        return _show(request, device, form, status=422)
    at = timezone.now()
    try:
        operations.confirm_app(
            user=user,
            device=device,
            code=form.cleaned_data["code"],
            address=caller(request),
            cookie=device_cookies.of(request),
            is_replacing=True,
            keep=sessions.public_id(request),
            at=at,
        )
    except (WrongCodeError, TooManyAttemptsError) as error:
        form.add_error("code", fault(error, at=at, is_app=True))
        return refused(_show(request, device, form), error, at=at)
    del request.session[_NEW_APP]
    django_otp.login(request, device)
    sessions.prove_again(request, device=device, method=Method.APP, at=at)
    messages.success(request, _("Your new app works. The old one no longer does."))
    return HttpResponseRedirect(reverse("security") + CONTENT)


def _show(
    request: HttpRequest, device: TotpDevice, form: CodeForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "texts": setup_texts(device)}
    return render(request, "accounts/new_app.html", context, status=status)
