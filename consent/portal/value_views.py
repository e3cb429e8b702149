"""A number that is hidden otherwise, shown to its owner for a minute."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from accounts.gates import data_subject_page
from accounts.models import DataSubject
from accounts.step_up import step_up_to_send
from consent.operations.revealing import show_value

SHOWN_FOR = 60  # seconds


@require_POST
@data_subject_page
@step_up_to_send(back="my-data")
def show(request: HttpRequest, subject: DataSubject, held: UUID) -> HttpResponse:
    found = show_value(
        subject=subject, held=held, language=get_language() or "nl", at=timezone.now()
    )
    if found is None:
        raise Http404
    return render(request, "portal/shown_value.html", {"value": found, "seconds": SHOWN_FOR})
