"""Another e-mail address: asked while logged in, confirmed from the new one, undone from the old one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.errors import TooManyAttemptsError
from accounts.forms import ChangeEmailForm
from accounts.gates import logged_in_page, public_page, read_and_send
from accounts.identity import email_of
from accounts.models import LinkPurpose, MailLink, RequestKind, User
from accounts.operations.email_change import change_email, undo_email_change
from accounts.operations.requests import ask
from accounts.step_up import step_up_required
from accounts.views.attempts import caller, refused
from accounts.views.link_pages import gone, with_link
from accounts.wording import fault


@read_and_send
@sensitive_post_parameters()
@logged_in_page
@step_up_required
def change(request: HttpRequest, user: User) -> HttpResponse:
    """Ask for the new address; the answer is the same whether somebody has it already or not."""
    form = ChangeEmailForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "email": email_of(user)}
    if not form.is_bound:
        return render(request, "accounts/change_email.html", context)
    if not form.is_valid():
        return render(request, "accounts/change_email.html", context, status=422)
    at = timezone.now()
    try:
        ask(
            kind=RequestKind.EMAIL_CHANGE,
            typed=form.cleaned_data["email"],
            address=caller(request),
            language=get_language() or "nl",
            at=at,
            user=user,
        )
    except TooManyAttemptsError as error:
        form.add_error("email", fault(error, at=at))
        return refused(render(request, "accounts/change_email.html", context), error, at=at)
    messages.success(request, _("We send a link to your new address. Open it within an hour."))
    return redirect("change-email")


@read_and_send
@public_page
@with_link(LinkPurpose.EMAIL_CHANGE)
def confirm(request: HttpRequest, link: MailLink, token: str) -> HttpResponse:
    if request.method != "POST":
        return render(request, "accounts/email_confirm.html", {"token": token})
    if not change_email(link=link, at=timezone.now()):
        return gone(request)
    messages.success(request, _("Your new address counts from now. Log in with it."))
    return redirect("log-in")


@read_and_send
@public_page
@with_link(LinkPurpose.EMAIL_UNDO)
def undo(request: HttpRequest, link: MailLink, token: str) -> HttpResponse:
    if request.method != "POST":
        return render(request, "accounts/email_undo.html", {"token": token})
    if not undo_email_change(link=link, at=timezone.now()):
        return gone(request)
    messages.success(
        request, _("Your old address counts again. Log in and choose another password.")
    )
    return redirect("log-in")
