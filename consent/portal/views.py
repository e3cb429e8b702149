"""What a data subject sees and chooses, after both factors; and the pages that are open to everyone."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.behalf import Behalf, behalf_page
from accounts.errors import NotAllowedError
from accounts.gates import CONTENT, data_subject_page, public_page, read_and_send
from accounts.models import DataSubject
from accounts.policy import Action
from accounts.step_up import step_up_to_send
from audit import proofs
from consent.errors import (
    AnswerMissingError,
    ConsentError,
    MandateEndedError,
    NoticeOutdatedError,
    UnknownPurposeError,
)
from consent.operations import dismiss_question, record_choices, take_tag_key
from consent.portal import wording
from consent.portal.forms import ChoicesForm, EventsForm
from consent.queries import choices as choices_queries
from consent.queries.events import events_about
from consent.queries.holdings import my_data as my_data_of
from consent.queries.sight import Sight, sight_of
from consent.queries.values import PurposePage

EVENTS_ON_A_PAGE = 25


@require_safe
@public_page
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/home.html")


@require_safe
@public_page
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/privacy.html")


@require_safe
@public_page
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/accessibility.html")


@require_safe
@behalf_page(Action.READ_DATA)
def my_data(request: HttpRequest, behalf: Behalf) -> HttpResponse:
    at = timezone.now()
    found = my_data_of(subject=behalf.subject, language=_language(), at=at, sight=_sight(behalf))
    return render(
        request,
        "portal/my_data.html",
        {"data": found, "greeting": wording.greeting(at=at), "today": timezone.localdate(at)},
    )


@require_safe
@behalf_page(Action.READ_DATA)
def my_choices(request: HttpRequest, behalf: Behalf) -> HttpResponse:
    groups = choices_queries.purposes_of(
        subject=behalf.subject, language=_language(), at=timezone.now(), sight=_sight(behalf)
    )
    return render(request, "portal/my_choices.html", {"groups": groups})


@read_and_send
@behalf_page(Action.READ_DATA)
def purpose(request: HttpRequest, behalf: Behalf, slug: str) -> HttpResponse:
    page = _page(behalf, slug)
    if request.method != "POST":
        return _show(request, page, form=_form(behalf, page))
    if not page.needs_consent:
        raise Http404
    form = _form(behalf, page, request.POST)
    if not form.can_change:
        raise PermissionDenied
    if form.is_valid():
        return _save(request, behalf, page, form)
    if form.cleaned_data.get("notice") != page.notice_number:
        return _show_outdated(request, behalf, page)  # nobody has to complete an old question
    return _show(request, page, form=form, status=422)


def _save(
    request: HttpRequest, behalf: Behalf, page: PurposePage, form: ChoicesForm
) -> HttpResponse:
    try:
        submission = record_choices(
            subject=behalf.subject,
            purpose=page.slug,
            choices=form.answers,
            notice_number=form.cleaned_data["notice"],
            language=_language(),
            at=timezone.now(),
            by=behalf.actor,
        )
    except (NoticeOutdatedError, AnswerMissingError):
        return _show_outdated(request, behalf, _page(behalf, page.slug))
    except UnknownPurposeError as error:
        raise Http404 from error
    except NotAllowedError as error:
        raise PermissionDenied from error
    except MandateEndedError as error:
        messages.warning(request, str(error))
        return redirect("my-data")
    if not submission.is_changed:
        messages.info(request, _("This was already your choice. Nothing changed."))
    address = reverse("confirmation", args=[page.slug, submission.number])
    return HttpResponseRedirect(address + CONTENT)


@require_safe
@behalf_page(Action.READ_DATA)
def confirmation(request: HttpRequest, behalf: Behalf, slug: str, number: str) -> HttpResponse:
    found = choices_queries.confirmation(
        subject=behalf.subject, purpose=slug, number=number, language=_language()
    )
    if found is None or not _sight(behalf).sees_purpose(slug):
        raise Http404
    is_all_no = not any(choice.is_yes for choice in found.choices)
    return render(
        request, "portal/confirmation.html", {"confirmation": found, "is_all_no": is_all_no}
    )


@require_POST
@data_subject_page
def dismiss(request: HttpRequest, subject: DataSubject, slug: str) -> HttpResponse:
    form = ChoicesForm(request.POST, choices=())
    form.is_valid()  # without the number of the text that was read, nothing is dismissed
    try:
        dismiss_question(
            subject=subject, purpose=slug, notice_number=form.cleaned_data.get("notice", 0)
        )
    except UnknownPurposeError as error:
        raise Http404 from error
    except ConsentError as error:
        messages.error(request, str(error))
    else:
        messages.info(
            request,
            _("We do not show this question here again. You still find it at My choices."),
        )
    return redirect("my-data")


@require_safe
@behalf_page(Action.READ_DATA)
def who_looked(request: HttpRequest, behalf: Behalf) -> HttpResponse:
    form = EventsForm(request.GET)
    form.is_valid()  # an address that makes no sense shows everything
    page = events_about(
        subject_id=behalf.subject.id,
        language=_language(),
        show=form.show,
        before=form.before,
        limit=EVENTS_ON_A_PAGE,
        sight=_sight(behalf),
    )
    today = timezone.localdate()
    return render(
        request,
        "portal/who_looked.html",
        {"form": form, "days": wording.days(page.events, today=today), "older": page.older},
    )


@require_safe
@data_subject_page
def proof(_request: HttpRequest, subject: DataSubject, uid: UUID) -> HttpResponse:
    """Hand out the proof of one line to whom it is about, and to nobody else."""
    try:
        file = proofs.proof_of(uid=uid, subject_id=subject.id)
    except proofs.NotProvableError as error:
        raise Http404 from error
    response = HttpResponse(file.to_bytes(), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="bewijs-{uid}.json"'
    return response


@read_and_send
@data_subject_page
@step_up_to_send()
def tag_key(request: HttpRequest, subject: DataSubject) -> HttpResponse:
    """Explain what the key is for; hand it out when it is asked for."""
    if request.method != "POST":
        return render(request, "portal/tag_key.html")
    file = take_tag_key(subject=subject, at=timezone.now())
    response = HttpResponse(file, content_type="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="sleutel-logboek.json"'
    return response


def _page(behalf: Behalf, slug: str) -> PurposePage:
    page = choices_queries.purpose_page(
        subject=behalf.subject, purpose=slug, language=_language(), at=timezone.now()
    )
    if page is None or not _sight(behalf).sees_purpose(slug):
        raise Http404
    return page


def _form(behalf: Behalf, page: PurposePage, data: QueryDict | None = None) -> ChoicesForm:
    """Offer the answers that whoever acts may give; a person may give every answer about himself."""
    about = [choice.slug for choice in page.choices]
    return ChoicesForm(
        data,
        choices=page.choices,
        may_give=behalf.may(Action.GIVE, purpose=page.slug, categories=about),
        may_withdraw=behalf.may(Action.WITHDRAW, purpose=page.slug, categories=about),
    )


def _sight(behalf: Behalf) -> Sight:
    return sight_of(behalf.actor.mandate)


def _show(
    request: HttpRequest,
    page: PurposePage,
    *,
    form: ChoicesForm,
    is_outdated: bool = False,
    status: int = 200,
) -> HttpResponse:
    return render(
        request,
        "portal/purpose.html" if page.needs_consent else "portal/purpose_without_consent.html",
        {"page": page, "form": form, "is_outdated": is_outdated},
        status=status,
    )


def _show_outdated(request: HttpRequest, behalf: Behalf, page: PurposePage) -> HttpResponse:
    """Show the new text. What was ticked under the old one is not an answer to the new one."""
    return _show(request, page, form=_form(behalf, page), is_outdated=True, status=409)


def _language() -> str:
    return get_language() or "nl"
