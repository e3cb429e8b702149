"""Halfway a log-in, without the app and without recovery codes: a code by post, and then a new app."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts import pending
from accounts.errors import RecoveryBlockedError, TooManyAttemptsError, WrongCodeError
from accounts.forms import PostedCodeForm
from accounts.gates import CONTENT, halfway_page, read_and_send
from accounts.models import User
from accounts.operations.device_letters import ask_device_letter, use_device_code
from accounts.pending import POSTED_CODE, Pending
from accounts.queries import has_second_factor
from accounts.views.attempts import caller, refused
from accounts.wording import posted_code_fault


@read_and_send
@halfway_page
def letter(request: HttpRequest, _halfway: Pending, user: User) -> HttpResponse:
    """Tell what a letter is for, and have one sent at the press of a button."""
    if not has_second_factor(user):
        return HttpResponseRedirect(reverse("enrol") + CONTENT)
    if request.method != "POST":
        return render(request, "accounts/device_letter.html")
    try:
        ask_device_letter(user=user, at=timezone.now())
    except RecoveryBlockedError:
        messages.warning(request, _("We cannot send a letter now. Call us."))
        return HttpResponseRedirect(reverse("device-letter") + CONTENT)
    messages.success(request, _("We send you a letter. It takes a few days."))
    return HttpResponseRedirect(reverse("device-letter-code") + CONTENT)


@read_and_send
@sensitive_post_parameters()
@halfway_page
def letter_code(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Ask for the code of the letter. It leads to setting up an app, and to nothing else."""
    form = PostedCodeForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return render(request, "accounts/device_letter_code.html", {"form": form})
    if not form.is_valid():
        return render(request, "accounts/device_letter_code.html", {"form": form}, status=422)
    at = timezone.now()
    try:
        use_device_code(user=user, typed=form.cleaned_data["code"], address=caller(request), at=at)
    except (WrongCodeError, TooManyAttemptsError) as error:
        form.add_error("code", posted_code_fault(error, at=at))
        return refused(
            render(request, "accounts/device_letter_code.html", {"form": form}), error, at=at
        )
    pending.passed(request, halfway, device=POSTED_CODE, at=at)
    return HttpResponseRedirect(reverse("enrol") + CONTENT)
