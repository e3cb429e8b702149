"""Employees: who there are, who is invited, who may no longer log in."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.errors import (
    OwnAccountError,
    SameOfficerError,
    WeakPasswordError,
)
from accounts.forms import InvitedForm, InviteForm
from accounts.gates import admin_page, public_page, read_and_send
from accounts.models import LinkPurpose, MailLink, Role, User
from accounts.operations.links import link_facts
from accounts.operations.staff import (
    LINK_LASTS,
    accept_invitation,
    approve_invitation,
    deactivate,
    invite,
    withdraw_invitation,
)
from accounts.passwords import check_new_password
from accounts.staff_queries import (
    case_lines,
    invitation_email,
    invitation_lines,
    invitation_of,
    staff_lines,
)
from accounts.step_up import step_up_to_send
from accounts.views.link_pages import gone, with_link
from accounts.wording import weak_password


@read_and_send
@sensitive_post_parameters()
@admin_page
@step_up_to_send()
def staff(request: HttpRequest, admin: User) -> HttpResponse:
    """Show who works here, and invite somebody."""
    form = InviteForm(request.POST if request.method == "POST" else None)
    at = timezone.now()
    if form.is_bound and form.is_valid():
        role = Role(form.cleaned_data["role"])
        try:
            sent = invite(email=form.cleaned_data["email"], role=role, by=admin, at=at)
        except OwnAccountError:
            form.add_error("email", _("You cannot give yourself a role"))
        else:
            messages.success(
                request,
                _("The invitation was sent. The link counts for 24 hours.")
                if sent.sent_at
                else _("Another administrator has to agree. Then we send the invitation."),
            )
            return redirect("staff")
    context = {
        "form": form,
        "staff": staff_lines(viewer=admin),
        "invitations": invitation_lines(viewer=admin, since=at - LINK_LASTS),
        "cases": case_lines(viewer=admin, of_staff=True, at=at),
    }
    return render(request, "accounts/staff.html", context, status=422 if form.is_bound else 200)


@require_POST
@admin_page
@step_up_to_send(back="staff")
def approve(request: HttpRequest, admin: User, invitation_id: UUID) -> HttpResponse:
    try:
        is_done = approve_invitation(invitation_id=invitation_id, by=admin, at=timezone.now())
    except SameOfficerError:
        messages.error(request, _("Another administrator has to agree: not who invited."))
        return redirect("staff")
    if is_done:
        messages.success(request, _("The invitation was sent. The link counts for 24 hours."))
    else:
        messages.info(request, _("There was nothing to agree to any more."))
    return redirect("staff")


@require_POST
@admin_page
@step_up_to_send(back="staff")
def withdraw(request: HttpRequest, admin: User, invitation_id: UUID) -> HttpResponse:
    if withdraw_invitation(invitation_id=invitation_id, by=admin, at=timezone.now()):
        messages.success(request, _("The invitation no longer counts."))
    else:
        messages.info(request, _("This invitation had ended already."))
    return redirect("staff")


@require_POST
@admin_page
@step_up_to_send(back="staff")
def stop(request: HttpRequest, admin: User, user_id: UUID) -> HttpResponse:
    try:
        is_done = deactivate(user_id=user_id, by=admin, at=timezone.now())
    except OwnAccountError:
        messages.error(request, _("You cannot do this for your own account."))
    else:
        if is_done:
            messages.success(request, _("This employee can no longer log in."))
        else:
            messages.info(request, _("This employee could not log in any more already."))
    return redirect("staff")


@read_and_send
@sensitive_post_parameters()
@public_page
@with_link(LinkPurpose.INVITATION)
def invited(request: HttpRequest, link: MailLink, token: str) -> HttpResponse:
    """Let an employee choose a password. The second factor is set up at the first log-in."""
    invitation = invitation_of(link_facts(link)["invitation"])
    if invitation is None:
        return gone(request)
    form = InvitedForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "token": token}
    if not form.is_bound:
        return render(request, "accounts/invited.html", context)
    if not form.is_valid():
        return render(request, "accounts/invited.html", context, status=422)
    password = form.cleaned_data["password"]
    try:
        check_new_password(password, is_staff=True, words=[invitation_email(invitation)])
    except WeakPasswordError as error:
        form.add_error("password", weak_password(error, is_staff=True))
        return render(request, "accounts/invited.html", context, status=422)
    if not accept_invitation(link=link, password=password, at=timezone.now()):
        return gone(request)
    messages.success(request, _("Your account is ready. Log in now."))
    return redirect("log-in")
