"""Giving an account back to somebody who lost everything: customers by officers, employees by administrators."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.errors import CaseExistsError, RecoveryBlockedError, SameOfficerError
from accounts.forms import CaseForm
from accounts.gates import admin_page, officer_page, public_page, read_and_send
from accounts.models import LinkPurpose, MailLink, RecoveryCase, User
from accounts.operations.recovery_cases import (
    approve_case,
    cancel_by_link,
    cancel_case,
    open_case,
)
from accounts.queries import subject_by_reference
from accounts.staff_queries import case_lines, case_of, employee
from accounts.step_up import step_up_to_send
from accounts.views.link_pages import gone, with_link


@read_and_send
@sensitive_post_parameters()
@officer_page
@step_up_to_send()
def cases(request: HttpRequest, officer: User) -> HttpResponse:
    """Show the cases of customers, and open one. The customer number is posted, so that it is in no address."""
    form = CaseForm(request.POST if request.method == "POST" else None)
    at = timezone.now()
    if form.is_bound and form.is_valid():
        subject = subject_by_reference(form.cleaned_data["reference"])
        if subject is None or subject.user is None:
            form.add_error("reference", _("There is no account with this customer number"))
        else:
            evidence = RecoveryCase.Evidence(form.cleaned_data["evidence"])
            _open(request, subject.user, evidence, officer)
            return redirect("recovery-cases")
    lines = case_lines(viewer=officer, of_staff=False, at=at)
    status = 422 if form.is_bound else 200
    return render(
        request, "accounts/recovery_cases.html", {"form": form, "lines": lines}, status=status
    )


@require_POST
@officer_page
@step_up_to_send(back="recovery-cases")
def approve(request: HttpRequest, officer: User, case_id: UUID) -> HttpResponse:
    return _act(request, officer, case_id, do=_approve, of_staff=False)


@require_POST
@officer_page
@step_up_to_send(back="recovery-cases")
def stop(request: HttpRequest, officer: User, case_id: UUID) -> HttpResponse:
    return _act(request, officer, case_id, do=_stop, of_staff=False)


@require_POST
@admin_page
@step_up_to_send(back="staff")
def open_for_employee(request: HttpRequest, admin: User, user_id: UUID) -> HttpResponse:
    found = employee(user_id)
    if found is None:
        raise Http404
    _open(request, found, RecoveryCase.Evidence.IN_PERSON, admin)
    return redirect("staff")


@require_POST
@admin_page
@step_up_to_send(back="staff")
def approve_for_employee(request: HttpRequest, admin: User, case_id: UUID) -> HttpResponse:
    return _act(request, admin, case_id, do=_approve, of_staff=True)


@require_POST
@admin_page
@step_up_to_send(back="staff")
def stop_for_employee(request: HttpRequest, admin: User, case_id: UUID) -> HttpResponse:
    return _act(request, admin, case_id, do=_stop, of_staff=True)


@read_and_send
@public_page
@with_link(LinkPurpose.RECOVERY_CANCEL)
def not_me(request: HttpRequest, link: MailLink, token: str) -> HttpResponse:
    """Stop it, for whoever has the link: it needs no log-in, and does nothing else."""
    if request.method != "POST":
        return render(request, "accounts/recovery_cancel.html", {"token": token})
    if not cancel_by_link(link=link, at=timezone.now()):
        return gone(request)
    messages.success(request, _("It was stopped. Nothing changed in your account."))
    return redirect("log-in")


def _open(request: HttpRequest, user: User, evidence: RecoveryCase.Evidence, by: User) -> None:
    try:
        open_case(user=user, evidence=evidence, by=by, at=timezone.now())
    except CaseExistsError:
        messages.error(request, _("There is a case for this account already."))
    except RecoveryBlockedError:
        messages.error(
            request, _("The e-mail address was changed less than three days ago. Wait until then.")
        )
    except SameOfficerError:
        messages.error(request, _("You cannot do this for your own account."))
    else:
        messages.success(request, _("The case is open. Somebody else has to agree."))


def _act(
    request: HttpRequest,
    by: User,
    case_id: UUID,
    *,
    do: Callable[[HttpRequest, UUID, User], None],
    of_staff: bool,
) -> HttpResponse:
    if case_of(case_id, of_staff=of_staff) is None:
        raise Http404
    do(request, case_id, by)
    return redirect("staff" if of_staff else "recovery-cases")


def _approve(request: HttpRequest, case_id: UUID, by: User) -> None:
    try:
        is_done = approve_case(case_id=case_id, by=by, at=timezone.now())
    except SameOfficerError:
        messages.error(request, _("Somebody else has to agree: not who opened it."))
        return
    if is_done:
        messages.success(request, _("It starts in three days, unless the owner stops it."))
    else:
        messages.info(request, _("There was nothing to agree to any more."))


def _stop(request: HttpRequest, case_id: UUID, by: User) -> None:
    if cancel_case(case_id=case_id, by=by, at=timezone.now()):
        messages.success(request, _("The case was stopped. Nothing changed in the account."))
    else:
        messages.info(request, _("It had ended already, so there was nothing to stop."))
