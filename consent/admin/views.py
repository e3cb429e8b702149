"""The systems that ask: their registration, their keys and their purposes."""

from datetime import datetime
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from accounts.errors import TooManyKeysError
from accounts.gates import admin_page, read_and_send
from accounts.models import ServiceClient, User
from accounts.step_up import step_up_required, step_up_to_send
from consent.admin import wording
from consent.admin.actions import RefusedError, act
from consent.admin.forms import ENDS, ClientForm, KeyForm
from consent.errors import ClientTakenError, KeyTakenError
from consent.operations import services
from consent.queries.clients import (
    client_by_id,
    client_lines,
    client_page,
    recipient_choices,
)
from consent.queries.register import NoCatalogueError
from consent.vocabulary import SCOPES


@require_safe
@admin_page
def listed(request: HttpRequest, _admin: User) -> HttpResponse:
    try:
        lines = client_lines(language=_language(), at=timezone.now())
    except NoCatalogueError:
        return render(request, "admin/no_catalogue.html")
    return render(request, "admin/services.html", {"lines": lines})


@read_and_send
@sensitive_post_parameters()
@admin_page
@step_up_required
def new(request: HttpRequest, admin: User) -> HttpResponse:
    """Register a system with its first public key."""
    at = timezone.now()
    try:
        recipients = recipient_choices(language=_language())
    except NoCatalogueError:
        return render(request, "admin/no_catalogue.html")
    form = ClientForm(
        request.POST if request.method == "POST" else None, recipients=recipients, at=at
    )
    client = _registered(form, admin=admin, at=at) if form.is_bound and form.is_valid() else None
    if client is None:
        return _form(
            request, "admin/service_new.html", form, scopes=_scopes(form["scopes"].value())
        )
    messages.success(
        request, _("The service is registered. Ask for its purposes: it may ask about nothing yet.")
    )
    return redirect("service", client_id=client.client_id)


@read_and_send
@admin_page
@step_up_to_send()
def one(request: HttpRequest, admin: User, client_id: str) -> HttpResponse:
    """Show a system, and do what one of the buttons on its page says."""
    client, at = _client(client_id), timezone.now()
    if request.method == "POST":
        asked = request.POST.get("action", "")
        try:
            said = act(asked, admin=admin, client=client, sent=request.POST, at=at)
        except RefusedError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, said)
        return redirect("service", client_id=client_id)
    page = client_page(client, reader=admin, language=_language(), at=at)
    context = {"page": page, "scopes": _scopes(page.scopes), "ends": ENDS}
    return render(request, "admin/service.html", context)


@read_and_send
@sensitive_post_parameters()
@admin_page
@step_up_required
def new_key(request: HttpRequest, admin: User, client_id: str) -> HttpResponse:
    """Add a key beside the one that is in use."""
    client, at = _client(client_id), timezone.now()
    form = KeyForm(request.POST if request.method == "POST" else None, at=at)
    if not (form.is_bound and form.is_valid() and _added(form, admin=admin, client=client, at=at)):
        return _form(request, "admin/service_key.html", form, client_id=client_id)
    messages.success(request, _("The key was added. The old key counts as well until you end it."))
    return redirect("service", client_id=client_id)


def _registered(form: ClientForm, *, admin: User, at: datetime) -> ServiceClient | None:
    """Return the new system, or leave the error in the form."""
    try:
        return services.register_client(
            admin=admin,
            client_id=form.cleaned_data["client_id"],
            recipient=form.cleaned_data["recipient"],
            scopes=form.cleaned_data["scopes"],
            key=form.public_key,
            at=at,
        )
    except ClientTakenError as error:
        form.add_error("client_id", str(error))
    except KeyTakenError as error:
        form.add_error("key", str(error))
    return None


def _added(form: KeyForm, *, admin: User, client: ServiceClient, at: datetime) -> bool:
    try:
        services.add_key(admin=admin, client=client, key=form.public_key, at=at)
    except KeyTakenError as error:
        form.add_error("key", str(error))
    except TooManyKeysError:
        form.add_error("since", _("Two keys count already at that time. End one of them first."))
    return form.is_valid()


def _form(request: HttpRequest, template: str, form: KeyForm, **more: object) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, template, {"form": form, **more}, status=status)


def _scopes(chosen: object) -> list[tuple[str, str, bool]]:
    """Return what a system can be allowed to do as (code, words, may this one)."""
    allowed = chosen if isinstance(chosen, list | tuple) else ()
    return [(scope, str(wording.SCOPES[scope]), scope in allowed) for scope in SCOPES]


def _client(client_id: str) -> ServiceClient:
    found = client_by_id(client_id)
    if found is None:
        raise Http404
    return found


def _language() -> str:
    return get_language() or "nl"
