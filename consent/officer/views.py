"""What a privacy officer sees: the log, line by line, and whether it is intact. Checking and exporting it are jobs."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.gates import officer_page, read_and_send
from accounts.models import User
from accounts.step_up import step_up_to_send
from audit.contents import Contents
from audit.inspection import UnknownEntryError, inspect
from consent.officer import entry_words, wording
from consent.officer.chart import chart_of
from consent.officer.forms import ExportForm, LogForm
from consent.operations import exports, office, recomputing
from consent.queries.log import filter_options


@require_safe
@officer_page
def front(_request: HttpRequest, _officer: User) -> HttpResponse:
    return redirect("log")


@read_and_send
@officer_page
def log(request: HttpRequest, officer: User) -> HttpResponse:
    """Show the log. A search by customer number is posted, so that the number is in no address or server log."""
    form = _form(request)
    is_valid = form.is_valid()
    page = office.read_log(
        officer=officer,
        filters=form.filters,
        before=form.before,
        after=form.after,
        language=_language(),
        at=timezone.now(),
    )
    return render(
        request,
        "officer/log.html",
        {
            "form": form,
            "page": page,
            "is_search": bool(form.posted),
            "chart": chart_of(page.days),
            "summary": wording.per_day(page.days),
        },
        status=200 if is_valid else 422,
    )


@require_safe
@officer_page
def entry(request: HttpRequest, officer: User, uid: UUID) -> HttpResponse:
    """Show one line with all that is known of it. That somebody looked is logged before it is shown."""
    try:
        page = office.read_entry(officer=officer, uid=uid, language=_language(), at=timezone.now())
    except UnknownEntryError as error:
        raise Http404 from error
    return render(
        request,
        "officer/entry.html",
        {
            "page": page,
            "shown": entry_words.compartment(page, page.entry.view.shown),
            "internal": entry_words.compartment(page, page.entry.view.internal),
        },
    )


@require_safe
@officer_page
def entry_proof(_request: HttpRequest, _officer: User, uid: UUID) -> HttpResponse:
    """Hand out the proof that a line is in the log. It says nothing of what the line says, so it is no look."""
    try:
        proof = inspect(uid).proof
    except UnknownEntryError as error:
        raise Http404 from error
    if proof is None:
        raise Http404
    response = HttpResponse(proof.to_text(), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{uid}.tlog-proof"'
    return response


@require_POST
@officer_page
def verify(_request: HttpRequest, officer: User) -> HttpResponse:
    asked = recomputing.ask(officer=officer, at=timezone.now())
    return redirect("job", job_id=asked.pk)


@require_POST
@officer_page
@step_up_to_send(back="log")
def export(request: HttpRequest, officer: User) -> HttpResponse:
    form, wanted = _form(request), ExportForm(request.POST)
    if not (form.is_valid() and wanted.is_valid()):
        messages.error(request, _("The filter was not right, so nothing was exported."))
        return redirect("log")
    try:
        asked = exports.ask(
            officer=officer,
            contents=Contents(wanted.cleaned_data["inhoud"]),
            filters=form.filters,
            at=timezone.now(),
        )
    except exports.LogBrokenError as error:
        messages.error(request, str(error))
        return redirect("log")
    return redirect("job", job_id=asked.pk)


def _form(request: HttpRequest) -> LogForm:
    is_posted = request.method == "POST"
    return LogForm(
        request.POST if is_posted else request.GET,
        options=filter_options(language=_language()),
        is_posted=is_posted,
    )


def _language() -> str:
    return get_language() or "nl"
