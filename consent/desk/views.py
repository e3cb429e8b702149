"""The service desk: one customer at a time, for a reason that this customer reads. Nothing masked is ever shown."""

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
from accounts.behalf import employee, opened_page
from accounts.errors import TooManyAttemptsError, UnknownReferenceError
from accounts.gates import CONTENT, desk_page, read_and_send
from accounts.identity import name_of, reference_of
from accounts.models import DeskOpening, User
from accounts.vocabulary import OpeningReason
from consent.desk.forms import OpenForm, RecordForm
from consent.errors import (
    AnswerMissingError,
    NoticeOutdatedError,
    OpeningEndedError,
    UnknownPurposeError,
)
from consent.operations import record_choices
from consent.queries import choices as choices_queries
from consent.queries.holdings import my_data
from consent.queries.values import PurposePage


@read_and_send
@sensitive_post_parameters()
@desk_page
def desk(request: HttpRequest, user: User) -> HttpResponse:
    """Ask which customer, and why. The number is posted, so that it is in no address."""
    at = timezone.now()
    if request.method != "POST":
        opening = acting.opening_of(request, employee_id=user.pk, at=at)
        return _show_desk(request, OpenForm(), opening=opening)
    form = OpenForm(request.POST)
    if not form.is_valid():
        return _show_desk(request, form, status=422)
    try:
        opening = operations.open_customer(
            employee=user,
            reference=form.cleaned_data["klant"],
            reason=OpeningReason(form.cleaned_data["reden"]),
            note=form.cleaned_data["toelichting"],
            at=at,
        )
    except UnknownReferenceError:
        form.add_error("klant", _("Nobody has this customer number. Check it with the customer."))
        return _show_desk(request, form, status=422)
    except TooManyAttemptsError:
        form.add_error("klant", _("Too many numbers were wrong. Wait a quarter of an hour."))
        return _show_desk(request, form, status=429)
    acting.keep_open(request, opening)
    return HttpResponseRedirect(reverse("desk-customer") + CONTENT)


@require_safe
@opened_page
def customer(request: HttpRequest, _user: User, opening: DeskOpening) -> HttpResponse:
    """Show what the customer chose, and what is held, as far as it is not masked."""
    at, language = timezone.now(), _language()
    subject = opening.subject
    return render(
        request,
        "desk/customer.html",
        {
            "opening": opening,
            "name": name_of(subject),
            "reference": reference_of(subject),
            "groups": choices_queries.purposes_of(subject=subject, language=language, at=at),
            "data": my_data(subject=subject, language=language, at=at),
        },
    )


@read_and_send
@opened_page
def purpose(request: HttpRequest, user: User, opening: DeskOpening, slug: str) -> HttpResponse:
    """Show the text to read aloud, and write down what the customer says."""
    page = _page(opening, slug)
    if request.method != "POST":
        return _show(request, opening, page, RecordForm(choices=page.choices))
    if not page.needs_consent:
        raise Http404
    form = RecordForm(request.POST, choices=page.choices)
    if form.is_valid():
        return _save(request, user, opening, page, form)
    if form.cleaned_data.get("notice") != page.notice_number:
        return _show_outdated(request, opening, page)
    return _show(request, opening, page, form, status=422)


@require_safe
@opened_page
def confirmation(
    request: HttpRequest, _user: User, opening: DeskOpening, slug: str, number: str
) -> HttpResponse:
    found = choices_queries.confirmation(
        subject=opening.subject, purpose=slug, number=number, language=_language()
    )
    if found is None:
        raise Http404
    return render(
        request,
        "desk/confirmation.html",
        {"opening": opening, "confirmation": found, "name": name_of(opening.subject)},
    )


@require_POST
@desk_page
def close(request: HttpRequest, user: User) -> HttpResponse:
    operations.close_customer(employee=user, at=timezone.now())
    acting.forget_open(request)
    messages.success(request, _("The customer is closed. You no longer see the data."))
    return redirect("desk")


def _save(
    request: HttpRequest, user: User, opening: DeskOpening, page: PurposePage, form: RecordForm
) -> HttpResponse:
    try:
        submission = record_choices(
            subject=opening.subject,
            purpose=page.slug,
            choices=form.answers,
            notice_number=form.cleaned_data["notice"],
            language=_language(),
            at=timezone.now(),
            by=employee(user, opening),
            channel=form.channel,
        )
    except (NoticeOutdatedError, AnswerMissingError):
        return _show_outdated(request, opening, _page(opening, page.slug))
    except UnknownPurposeError as error:
        raise Http404 from error
    except OpeningEndedError as error:
        messages.warning(request, str(error))
        return redirect("desk")
    if not submission.is_changed:
        messages.info(request, _("This was already the choice. Nothing changed."))
    address = reverse("desk-confirmation", args=[page.slug, submission.number])
    return HttpResponseRedirect(address + CONTENT)


def _page(opening: DeskOpening, slug: str) -> PurposePage:
    page = choices_queries.purpose_page(
        subject=opening.subject, purpose=slug, language=_language(), at=timezone.now()
    )
    if page is None:
        raise Http404
    return page


def _show(
    request: HttpRequest,
    opening: DeskOpening,
    page: PurposePage,
    form: RecordForm,
    *,
    is_outdated: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "opening": opening,
        "name": name_of(opening.subject),
        "page": page,
        "form": form,
        "is_outdated": is_outdated,
    }
    return render(request, "desk/purpose.html", context, status=status)


def _show_outdated(request: HttpRequest, opening: DeskOpening, page: PurposePage) -> HttpResponse:
    """Show the new text: what was said after the old one is not an answer to the new one."""
    form = RecordForm(choices=page.choices)
    return _show(request, opening, page, form, is_outdated=True, status=409)


def _show_desk(
    request: HttpRequest, form: OpenForm, *, opening: DeskOpening | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "opening": opening,
        "name": name_of(opening.subject) if opening else "",
    }
    return render(request, "desk/desk.html", context, status=status)


def _language() -> str:
    return get_language() or "nl"
