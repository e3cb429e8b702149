"""Logging in with a passkey, and making one while logging in. A script of ours carries question and answer."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import operations, pending, questions, sessions
from accounts.errors import (
    AccountsError,
    AlreadyEnrolledError,
    PasskeyQuestionOverError,
    TooManyAttemptsError,
    TooManyPasskeysError,
    WrongPasskeyError,
)
from accounts.forms import NewPasskeyForm, PasskeyForm, PasswordForm
from accounts.gates import halfway_page, next_page, public_page, read_and_send
from accounts.models import Passkey, User
from accounts.operations import Question
from accounts.pending import Pending
from accounts.queries import has_second_factor, passkeys_of
from accounts.questions import Step
from accounts.views.attempts import caller, refused
from accounts.views.log_in import on_to, proceed, show_code, show_log_in
from accounts.views.passkey_part import passkey_part
from accounts.wording import passkey_fault

REFUSALS = (WrongPasskeyError, PasskeyQuestionOverError)


@require_POST
@public_page
def log_in_question(request: HttpRequest) -> HttpResponse:
    """Give the question to any device that has a passkey for us."""
    return asked(request, lambda **told: operations.ask_for_passkey(user=None, **told), Step.LOG_IN)


@read_and_send
@sensitive_post_parameters()
@public_page
def log_in_passkey(request: HttpRequest) -> HttpResponse:
    """Log in with a passkey and nothing else: the device checked who holds it, so that is two factors."""
    if request.method != "POST":
        return on_to("log-in")
    at, form, wanted = timezone.now(), PasskeyForm(request.POST), request.POST.get("next", "")
    passkey = passed(request, form, Step.LOG_IN, user=None, at=at)
    if passkey is None:
        page = show_log_in(request, PasswordForm(), next_page=wanted, passkey_form=form)
        page.status_code = 422
        return page
    user = passkey.user
    halfway = pending.begin(request, user_id=user.id, next_page=next_page(wanted, user=user), at=at)
    request.session.save()  # so that there is one to end when the log-in is complete
    return proceed(request, halfway, user, passkey, at=at)


@require_POST
@halfway_page
def code_question(request: HttpRequest, _halfway: Pending, user: User) -> HttpResponse:
    """Give the question to a device with a passkey of who gave the password."""
    return asked(
        request, lambda **told: operations.ask_for_passkey(user=user, **told), Step.SECOND_FACTOR
    )


@read_and_send
@sensitive_post_parameters()
@halfway_page
def code_passkey(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Pass the second step with a passkey."""
    if request.method != "POST":
        return on_to("log-in-code")
    at, form = timezone.now(), PasskeyForm(request.POST)
    passkey = passed(request, form, Step.SECOND_FACTOR, user=user, at=at)
    if passkey is None:
        page = show_code(request, user, passkey_form=form)
        page.status_code = 422
        return page
    return proceed(request, halfway, user, passkey, at=at)


@require_POST
@halfway_page
def enrol_question(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Give the question to a device that is to make a passkey."""
    if not _may_enrol(halfway, user):
        return on_to("log-in-code")
    return asked(
        request, lambda **told: operations.ask_for_new_passkey(user=user, **told), Step.ENROL
    )


@read_and_send
@sensitive_post_parameters()
@halfway_page
def enrol_passkey(request: HttpRequest, halfway: Pending, user: User) -> HttpResponse:
    """Make a passkey: as the first second factor, or after another one was passed."""
    if not _may_enrol(halfway, user):
        return on_to("log-in-code")
    if request.method != "POST":
        return _show_enrol(request, user, NewPasskeyForm())
    at, form = timezone.now(), NewPasskeyForm(request.POST)
    try:
        passkey = made(request, form, Step.ENROL, user=user, is_proven=bool(halfway.passed), at=at)
    except AlreadyEnrolledError:
        return on_to("log-in-code")
    if passkey is None:
        return _show_enrol(request, user, form, status=422)
    return proceed(request, halfway, user, passkey, at=at)


def asked(
    request: HttpRequest,
    ask: Callable[..., tuple[dict[str, Any], Question]],
    step: Step,
) -> HttpResponse:
    """Answer a script with the question for a device, and remember it in the session."""
    at = timezone.now()
    try:
        options, question = ask(address=caller(request), at=at)
    except TooManyAttemptsError as error:
        return refused(JsonResponse({"detail": passkey_fault(error, at=at)}), error, at=at)
    questions.keep(request, question, step=step)
    return JsonResponse(options)


def made(
    request: HttpRequest,
    form: NewPasskeyForm,
    step: Step,
    *,
    user: User,
    is_proven: bool,
    at: datetime,
) -> Passkey | None:
    """Keep the passkey that a device made; None when the form now says what went wrong.

    Raises:
        AlreadyEnrolledError: there is a second factor, and nothing but a password was given.
    """
    question = questions.take(request, step=step)
    if not form.is_valid():
        return None
    name = form.cleaned_data["name"] or _("Passkey %(number)s") % {
        "number": len(passkeys_of(user)) + 1
    }
    try:
        return operations.add_passkey(
            user=user,
            answer=form.cleaned_data["passkey"],
            question=question,
            name=name,
            is_proven=is_proven,
            keep=sessions.public_id(request),
            at=at,
        )
    except (*REFUSALS, TooManyPasskeysError) as error:
        _explain(form, error, at=at)
        return None


def passed(
    request: HttpRequest, form: PasskeyForm, step: Step, *, user: User | None, at: datetime
) -> Passkey | None:
    """Return the passkey that answered; None when the form now says what went wrong."""
    question = questions.take(request, step=step)
    if not form.is_valid():
        return None
    try:
        return operations.check_passkey(
            user=user,
            answer=form.cleaned_data["passkey"],
            question=question,
            address=caller(request),
            at=at,
        )
    except REFUSALS as error:
        _explain(form, error, at=at)
        return None


def _explain(form: PasskeyForm, error: AccountsError, *, at: datetime) -> None:
    form.add_error("passkey", passkey_fault(error, at=at))


def _may_enrol(halfway: Pending, user: User) -> bool:
    return bool(halfway.passed) or not has_second_factor(user)


def _show_enrol(
    request: HttpRequest, user: User, form: NewPasskeyForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "passkey": passkey_part(user),
        "is_must": operations.must_have_passkey(user),
    }
    return render(request, "accounts/enrol_passkey.html", context, status=status)
