"""A lost password and another password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts import sessions
from accounts.errors import (
    FactorDisabledError,
    TooManyAttemptsError,
    WeakPasswordError,
    WrongCodeError,
    WrongPasswordError,
)
from accounts.forms import ChangePasswordForm, ForgottenForm, ResetForm
from accounts.gates import logged_in_page, public_page, read_and_send
from accounts.models import LinkPurpose, MailLink, RequestKind, Role, User
from accounts.operations.links import owner_of
from accounts.operations.password_reset import reset_password
from accounts.operations.passwords import change_password, check_password_for
from accounts.operations.requests import ask
from accounts.step_up import step_up_required
from accounts.views.attempts import caller, refused
from accounts.views.link_pages import with_link
from accounts.wording import fault, weak_password


@read_and_send
@sensitive_post_parameters()
@public_page
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for the e-mail address; the answer is the same whether it is known or not."""
    form = ForgottenForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return render(request, "accounts/forgotten.html", {"form": form})
    if not form.is_valid():
        return render(request, "accounts/forgotten.html", {"form": form}, status=422)
    at = timezone.now()
    try:
        ask(
            kind=RequestKind.PASSWORD_RESET,
            typed=form.cleaned_data["email"],
            address=caller(request),
            language=get_language() or "nl",
            at=at,
        )
    except TooManyAttemptsError as error:
        form.add_error("email", fault(error, at=at))
        return refused(render(request, "accounts/forgotten.html", {"form": form}), error, at=at)
    return redirect("password-reset-asked")


@require_safe
@public_page
def forgotten_asked(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/forgotten_asked.html")


@read_and_send
@sensitive_post_parameters()
@public_page
@with_link(LinkPurpose.PASSWORD_RESET)
def reset(request: HttpRequest, link: MailLink, token: str) -> HttpResponse:
    """Take a new password with a code of the app that there is. It logs nobody in."""
    form = ResetForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "token": token}
    if not form.is_bound:
        return render(request, "accounts/reset.html", context)
    if not form.is_valid():
        return render(request, "accounts/reset.html", context, status=422)
    at = timezone.now()
    password = form.cleaned_data["password"]
    try:
        check_password_for(password, user=owner_of(link))
        reset_password(
            link=link,
            code=form.cleaned_data["code"],
            password=password,
            address=caller(request),
            at=at,
        )
    except WeakPasswordError as error:
        form.add_error("password", weak_password(error, is_staff=False))
        return render(request, "accounts/reset.html", context, status=422)
    except (WrongCodeError, TooManyAttemptsError, FactorDisabledError) as error:
        form.add_error("code", fault(error, at=at, is_app=True))
        return refused(render(request, "accounts/reset.html", context), error, at=at)
    messages.success(request, _("Your new password counts from now. Log in with it."))
    return redirect("log-in")


@read_and_send
@sensitive_post_parameters()
@logged_in_page
@step_up_required
def change(request: HttpRequest, user: User) -> HttpResponse:
    """Take another password from who knows the current one. Everyone else who is logged in has to log in again."""
    form = ChangePasswordForm(request.POST if request.method == "POST" else None)
    is_staff = user.role != Role.CUSTOMER
    context = {"form": form, "is_staff": is_staff}
    if not form.is_bound:
        return render(request, "accounts/change_password.html", context)
    if not form.is_valid():
        return render(request, "accounts/change_password.html", context, status=422)
    at = timezone.now()
    password = form.cleaned_data["password"]
    try:
        check_password_for(password, user=user)
        changed = change_password(
            user=user,
            current=form.cleaned_data["current"],
            password=password,
            keep=sessions.public_id(request),
            at=at,
        )
    except WeakPasswordError as error:
        form.add_error("password", weak_password(error, is_staff=is_staff))
        return render(request, "accounts/change_password.html", context, status=422)
    except (WrongPasswordError, TooManyAttemptsError) as error:
        wrong = isinstance(error, WrongPasswordError)
        said = _("This is not your password now. Try again.") if wrong else fault(error, at=at)
        form.add_error("current", said)
        return refused(render(request, "accounts/change_password.html", context), error, at=at)
    update_session_auth_hash(request, changed)
    messages.success(request, _("Your new password counts from now."))
    return redirect("change-password")
