"""Acting for another, by customers themselves: give, accept, use, stop and end."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import acting, operations
from accounts.behalf import Behalf, behalf_page
from accounts.errors import (
    MandateCodeError,
    MandateNotEndedError,
    TooManyAttemptsError,
    UnknownMandateError,
)
from accounts.gates import CONTENT, data_subject_page, read_and_send
from accounts.models import DataSubject
from accounts.policy import Action
from accounts.step_up import step_up_required
from consent.portal.mandate_forms import AcceptForm, GiveForm
from consent.queries.mandates import limit_options, my_mandates


@require_safe
@data_subject_page
def mandates(request: HttpRequest, subject: DataSubject) -> HttpResponse:
    found = my_mandates(subject=subject, language=_language(), at=timezone.now())
    return render(request, "portal/mandates.html", {"mandates": found})


@read_and_send
@sensitive_post_parameters("klant")
@data_subject_page
@step_up_required
def give(request: HttpRequest, subject: DataSubject) -> HttpResponse:
    """Make a mandate, and show once the code to pass on. Nothing tells whether that customer exists."""
    options = limit_options(language=_language())
    if request.method != "POST":
        return render(request, "portal/mandate_give.html", {"form": GiveForm(options=options)})
    form = GiveForm(request.POST, options=options)
    if not form.is_valid():
        return render(request, "portal/mandate_give.html", {"form": form}, status=422)
    at = timezone.now()
    given = operations.give_mandate(
        represented=subject,
        reference=form.cleaned_data["klant"],
        limits=form.limits,
        until=at + form.lasts,
        at=at,
    )
    return render(request, "portal/mandate_code.html", {"given": given})


@read_and_send
@sensitive_post_parameters()
@data_subject_page
@step_up_required
def accept(request: HttpRequest, subject: DataSubject) -> HttpResponse:
    """Accept a mandate with the code that the other person passed on."""
    form = AcceptForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _show_accept(request, form)
    if not form.is_valid():
        return _show_accept(request, form, status=422)
    try:
        operations.accept_mandate(
            representative=subject, code=form.cleaned_data["code"], at=timezone.now()
        )
    except MandateCodeError:
        form.add_error("code", _("This code is not right, is too old, or is not meant for you."))
        return _show_accept(request, form, status=422)
    except TooManyAttemptsError:
        form.add_error("code", _("You tried too often. Wait a quarter of an hour."))
        return _show_accept(request, form, status=429)
    messages.success(request, _("You accepted the mandate. You can act for this person now."))
    return redirect("mandates")


@require_POST
@data_subject_page
def use(request: HttpRequest, subject: DataSubject, mandate_id: UUID) -> HttpResponse:
    """Begin to act for the other person; it lasts as long as this session at most."""
    try:
        mandate = operations.start_acting(
            mandate_id=mandate_id, representative=subject, at=timezone.now()
        )
    except UnknownMandateError as error:
        raise Http404 from error
    acting.begin(request, mandate)
    return HttpResponseRedirect(reverse("my-data") + CONTENT)


@require_POST
@behalf_page(Action.READ_DATA)
def stop(request: HttpRequest, _behalf: Behalf) -> HttpResponse:
    """Be oneself again."""
    acting.stop(request)
    messages.success(request, _("You act for yourself again."))
    return redirect("mandates")


@require_POST
@data_subject_page
def end(request: HttpRequest, subject: DataSubject, mandate_id: UUID) -> HttpResponse:
    """End a mandate at once, by either of the two people. Ending asks for nothing more."""
    try:
        operations.end_mandate(mandate_id=mandate_id, by=subject, at=timezone.now())
    except UnknownMandateError as error:
        raise Http404 from error
    except MandateNotEndedError:
        messages.error(request, _("This mandate follows from the law. Call us to change it."))
    else:
        messages.success(request, _("The mandate has ended. It counts no longer."))
    return redirect("mandates")


def _show_accept(request: HttpRequest, form: AcceptForm, *, status: int = 200) -> HttpResponse:
    return render(request, "portal/mandate_accept.html", {"form": form}, status=status)


def _language() -> str:
    return get_language() or "nl"
