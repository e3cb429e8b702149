"""Mandates that the law gives: a privacy officer writes them down, with the kind of paper that showed it, and ends them."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import operations
from accounts.errors import UnknownMandateError, UnknownReferenceError
from accounts.gates import officer_page, read_and_send
from accounts.mandate_rules import MandateRuleError
from accounts.models import User
from accounts.queries import subject_by_reference
from accounts.step_up import step_up_to_send
from accounts.vocabulary import Evidence, MandateKind
from consent.officer.mandate_forms import RecordMandateForm
from consent.queries.mandates import limit_options, recorded_mandates


@read_and_send
@sensitive_post_parameters("voor", "door")
@officer_page
@step_up_to_send()
def legal(request: HttpRequest, officer: User) -> HttpResponse:
    """List them, and write down a new one."""
    options = limit_options(language=_language())
    if request.method != "POST":
        return _show(request, RecordMandateForm(options=options))
    form = RecordMandateForm(request.POST, options=options)
    if not form.is_valid() or not _record(form, officer):
        return _show(request, form, status=422)
    messages.success(request, _("The mandate is written down and counts from now on."))
    return redirect("legal-mandates")


@require_POST
@officer_page
def end(request: HttpRequest, officer: User, mandate_id: UUID) -> HttpResponse:
    try:
        operations.end_legal_mandate(mandate_id=mandate_id, officer=officer, at=timezone.now())
    except UnknownMandateError as error:
        raise Http404 from error
    messages.success(request, _("The mandate has ended. It counts no longer."))
    return redirect("legal-mandates")


def _record(form: RecordMandateForm, officer: User) -> bool:
    """Write it down, or say on the form why that cannot be."""
    people = {name: subject_by_reference(form.cleaned_data[name]) for name in ("voor", "door")}
    for name, subject in people.items():
        if subject is None:
            form.add_error(name, _("Nobody has this customer number."))
    represented, representative = people["voor"], people["door"]
    if represented is None or representative is None:
        return False
    try:
        operations.record_legal_mandate(
            officer=officer,
            represented=represented,
            representative=representative,
            kind=MandateKind(form.cleaned_data["grond"]),
            evidence=Evidence(form.cleaned_data["bewijs"]),
            limits=form.limits,
            until=form.until,
            at=timezone.now(),
        )
    except UnknownReferenceError:
        form.add_error("door", _("Nobody acts for himself. Fill in two different customers."))
    except MandateRuleError:
        form.add_error("einde", _("Choose a day that is still to come"))
    return form.is_valid()


def _show(request: HttpRequest, form: RecordMandateForm, *, status: int = 200) -> HttpResponse:
    found = recorded_mandates(language=_language(), at=timezone.now())
    return render(
        request, "officer/mandates.html", {"form": form, "mandates": found}, status=status
    )


def _language() -> str:
    return get_language() or "nl"
