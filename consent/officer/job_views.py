"""Work that takes a while, as the privacy officer who asked for it sees it: how far it is, and what came of it."""

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.gates import officer_page
from accounts.models import User
from accounts.step_up import step_up_to_send
from consent.errors import ConsentError
from consent.models import Job
from consent.officer import job_words
from consent.officer.forms import PageForm
from consent.operations import exports, job_kinds, jobs
from consent.queries.jobs import exports_of, job_row, view_of
from consent.queries.register import current_register
from consent.vocabulary import JobKind, JobState

PAGE = 20
_STEP = 10  # percents between two things that are said aloud


@require_safe
@officer_page
def listed(request: HttpRequest, officer: User) -> HttpResponse:
    form = PageForm(request.GET)
    before = form.cleaned_data["voor"] if form.is_valid() else None
    found = exports_of(officer=officer, before=before, limit=PAGE, at=timezone.now())
    register, language = current_register(), _language()
    lines = [job_words.in_words(job, register=register, language=language) for job in found.jobs]
    return render(
        request,
        "officer/exports.html",
        {"lines": lines, "older": found.older, "is_first": before is None},
    )


@require_safe
@officer_page
def job(request: HttpRequest, officer: User, job_id: UUID) -> HttpResponse:
    """Show a job. A script asks for the part that changes, and for the whole page once it has ended."""
    at = timezone.now()
    view = view_of(_own(officer, job_id), at=at)
    words = job_words.in_words(view, register=current_register(), language=_language())
    said = "" if view.percent is None else str(view.percent // _STEP * _STEP)
    words["said"] = said
    if "HX-Request" not in request.headers:
        return render(request, "officer/job.html", words)
    if not view.is_living:
        return HttpResponse(headers={"HX-Refresh": "true"})
    words["is_news"] = request.GET.get("gezegd") != said
    return render(request, "officer/job_progress.html", words)


@require_POST
@officer_page
def cancel(request: HttpRequest, officer: User, job_id: UUID) -> HttpResponse:
    found = _own(officer, job_id)
    if jobs.cancel(job_id=found.pk, at=timezone.now()):
        messages.success(request, _("It was stopped. Nothing of it was kept."))
    else:
        messages.info(request, _("It had ended already, so there was nothing to stop."))
    return redirect("job", job_id=found.pk)


@require_POST
@officer_page
@step_up_to_send(back="job", arguments=("job_id",))
def again(request: HttpRequest, officer: User, job_id: UUID) -> HttpResponse:
    found = _own(officer, job_id)
    try:
        asked = job_kinds.ask_again(job=found, officer=officer, at=timezone.now())
    except ConsentError as error:
        messages.error(request, str(error))
        return redirect("job", job_id=found.pk)
    return redirect("job", job_id=asked.pk)


@require_POST
@officer_page
@step_up_to_send(back="job", arguments=("job_id",))
def download(request: HttpRequest, officer: User, job_id: UUID) -> HttpResponseBase:
    found = _own(officer, job_id)
    if found.kind != JobKind.LOG_EXPORT or found.state != JobState.DONE:
        raise Http404
    try:
        path = exports.download(officer=officer, job=found, at=timezone.now())
    except ConsentError as error:
        messages.error(request, str(error))
        return redirect("job", job_id=found.pk)
    made = timezone.localtime(found.finished_at).strftime("%Y-%m-%d-%H%M")
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=f"logboek-{made}{exports.SUFFIX}",
        content_type="application/zip",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


def _own(officer: User, job_id: UUID) -> Job:
    found = job_row(officer=officer, job_id=job_id, at=timezone.now())
    if found is None:
        raise Http404
    return found


def _language() -> str:
    return get_language() or "nl"
