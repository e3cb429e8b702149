"""A customer makes a login: the customer number, a code by post, then an e-mail address and a password."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts.errors import TooManyAttemptsError, WeakPasswordError, WrongCodeError
from accounts.forms import ActivationForm, ReferenceForm
from accounts.gates import public_page, read_and_send
from accounts.identity import reference_of
from accounts.models import LinkPurpose, MailLink, RequestKind
from accounts.operations.activation import (
    begin_activation,
    check_activation_code,
    finish_activation,
)
from accounts.operations.requests import ask
from accounts.passwords import check_new_password
from accounts.views.attempts import caller, refused
from accounts.views.link_pages import gone, with_link
from accounts.wording import fault, posted_code_fault, weak_password


@read_and_send
@sensitive_post_parameters()
@public_page
def activate(request: HttpRequest) -> HttpResponse:
    """Ask for the customer number; the answer is the same whoever it is."""
    form = ReferenceForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return render(request, "accounts/activate.html", {"form": form})
    if not form.is_valid():
        return render(request, "accounts/activate.html", {"form": form}, status=422)
    at = timezone.now()
    try:
        ask(
            kind=RequestKind.ACTIVATION,
            typed=form.cleaned_data["reference"],
            address=caller(request),
            language=get_language() or "nl",
            at=at,
        )
    except TooManyAttemptsError as error:
        form.add_error("reference", fault(error, at=at))
        return refused(render(request, "accounts/activate.html", {"form": form}), error, at=at)
    return redirect("activation-asked")


@require_safe
@public_page
def activation_asked(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/activation_asked.html")


@read_and_send
@sensitive_post_parameters()
@public_page
def activation_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code of the letter, an e-mail address and a password."""
    form = ActivationForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return render(request, "accounts/activation_code.html", {"form": form})
    if not form.is_valid():
        return render(request, "accounts/activation_code.html", {"form": form}, status=422)
    at = timezone.now()
    typed = form.cleaned_data
    try:
        posted = check_activation_code(typed=typed["code"], address=caller(request), at=at)
    except (WrongCodeError, TooManyAttemptsError) as error:
        form.add_error("code", posted_code_fault(error, at=at))
        return refused(
            render(request, "accounts/activation_code.html", {"form": form}), error, at=at
        )
    try:
        own = [typed["email"], reference_of(posted.subject)]
        check_new_password(typed["password"], is_staff=False, words=own)
    except WeakPasswordError as error:
        form.add_error("password", weak_password(error, is_staff=False))
        return render(request, "accounts/activation_code.html", {"form": form}, status=422)
    begin_activation(
        posted=posted,
        email=typed["email"],
        password=typed["password"],
        language=get_language() or "nl",
        at=at,
    )
    return redirect("activation-mailed")


@require_safe
@public_page
def activation_mailed(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/activation_mailed.html")


@read_and_send
@public_page
@with_link(LinkPurpose.ACTIVATION)
def activation_link(request: HttpRequest, link: MailLink, token: str) -> HttpResponse:
    """Make the login, at the press of a button."""
    if request.method != "POST":
        return render(request, "accounts/activation_link.html", {"token": token})
    if not finish_activation(link=link, at=timezone.now()):
        return gone(request)
    messages.success(request, _("Your account is ready. Log in now."))
    return redirect("log-in")
