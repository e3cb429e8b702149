"""Logging in with a provider (OpenID Connect), and linking one to an account that is there."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import operations, sessions
from accounts.errors import IdentityTakenError, LastWayInError, LockedOutError, UnknownIdentityError
from accounts.gates import (
    CONTENT,
    data_subject_of,
    data_subject_page,
    logged_in_page,
    next_page,
    public_page,
    read_and_send,
    start_page,
    verified_user,
)
from accounts.models import DataSubject, User
from accounts.oidc import flow
from accounts.oidc.errors import LevelTooLowError, NotStartedError, ProviderError, StoppedError
from accounts.oidc.flow import Started, Why
from accounts.oidc.id_tokens import Person
from accounts.oidc.provider import Provider, configured
from accounts.queries import identities_of
from accounts.session_rules import Method
from accounts.step_up import step_up_to_send
from accounts.views.attempts import caller
from accounts.views.entering import enter
from accounts.wording import fault


@require_GET
@public_page
def start(request: HttpRequest) -> HttpResponse:
    """Send somebody who wants to log in to the provider."""
    provider, at = _provider(), timezone.now()
    user = verified_user(request)
    if user is not None:
        return HttpResponseRedirect(start_page(user))
    request.session.flush()  # nothing of an earlier log-in is left
    started = flow.start(request, why=Why.LOG_IN, next_page=request.GET.get("next", ""), at=at)
    return _to_provider(request, provider, started, at=at)


@require_GET
@logged_in_page
def confirm(request: HttpRequest, user: User) -> HttpResponse:
    """Send somebody to the provider to show once more who it is."""
    provider, at = _provider(), timezone.now()
    came_for = next_page(request.GET.get("next", ""), user=user)
    started = flow.start(request, why=Why.CONFIRM, next_page=came_for, user_id=str(user.pk), at=at)
    return _to_provider(request, provider, started, at=at)


@require_GET
@public_page
def back(request: HttpRequest) -> HttpResponse:
    """Receive somebody who comes from the provider: to log in, or to link an identity."""
    provider, at = _provider(), timezone.now()
    try:
        operations.count_provider_log_in(address=caller(request), at=at)
    except LockedOutError as error:
        messages.error(request, fault(error, at=at))
        return _to_where_it_began(request)
    try:
        started, person = _proven(request, provider, at=at)
    except ProviderError as error:
        return _failed(request, error, at=at)
    if started.why is Why.LINK:
        return _link(request, provider, started, person, at=at)
    if started.why is Why.CONFIRM:
        return _confirm(request, started, person, at=at)
    try:
        identity = operations.known_identity(person=person, at=at)
    except UnknownIdentityError:
        request.session.flush()
        return render(request, "accounts/identity_unknown.html", {"provider": provider.name})
    request.session.flush()
    response = enter(
        request,
        user=identity.user,
        device=identity,
        method=Method.PROVIDER,
        next_page=next_page(started.next, user=identity.user),
        at=at,
        # What counts as fresh is when the person logged in there, not when we heard of it.
        proven_at=min(person.auth_time, at),
    )
    flow.remember(request, person)
    return response


@read_and_send
@data_subject_page
@step_up_to_send()
def identities(request: HttpRequest, subject: DataSubject) -> HttpResponse:
    """Show with which provider this customer can log in; link it, or take it away."""
    user = _user(subject)
    found, provider, at = identities_of(user), configured(), timezone.now()
    if provider is None and not found:
        raise Http404
    if request.method != "POST":
        return render(
            request,
            "accounts/identities.html",
            {"identities": found, "provider": provider.name if provider and not found else ""},
        )
    if request.POST.get("action") == "link" and provider is not None:
        return _leave(request, provider, user, at=at)
    if request.POST.get("action") == "remove":
        _remove(request, user, at=at)
    return redirect("identities")


def _leave(request: HttpRequest, provider: Provider, user: User, *, at: datetime) -> HttpResponse:
    """Show the way to the provider. A link: a form may lead nowhere but to ourselves (CSP form-action)."""
    started = flow.start(request, why=Why.LINK, user_id=str(user.pk), at=at)
    try:
        address = _away(provider, started, at=at)
    except ProviderError as error:
        return _failed(request, error, at=at)
    context = {"provider": provider.name, "address": address}
    return render(request, "accounts/identity_leave.html", context)


def _remove(request: HttpRequest, user: User, *, at: datetime) -> None:
    chosen = request.POST.get("identity", "")
    try:
        operations.remove_identity(
            user=user,
            identity_id=int(chosen) if chosen.isdecimal() else 0,
            keep=sessions.public_id(request),
            at=at,
        )
    except LastWayInError:
        messages.error(
            request, _("You cannot remove this: you would have no other way left to log in.")
        )
    except UnknownIdentityError:
        messages.error(request, _("This was removed already."))
    else:
        messages.success(request, _("It was removed. Nobody can log in with it any more."))


def _proven(request: HttpRequest, provider: Provider, *, at: datetime) -> tuple[Started, Person]:
    """Return what was started here and who the provider says it is.

    Raises:
        ProviderError: it does not belong together, or the provider proves nothing.
    """
    answer = request.GET
    started = flow.take(request, state=answer.get("state", ""), at=at)
    names_itself = provider.metadata(at=at).names_itself or "iss" in answer
    if names_itself and answer.get("iss") != provider.issuer:
        raise ProviderError("an answer of another provider")  # RFC 9207
    if "error" in answer or not answer.get("code"):
        raise StoppedError
    person = provider.person(
        code=answer["code"],
        verifier=started.verifier,
        nonce=started.nonce,
        redirect_uri=_redirect_uri(),
        at=at,
    )
    return started, person


def _link(
    request: HttpRequest, provider: Provider, started: Started, person: Person, *, at: datetime
) -> HttpResponse:
    subject = data_subject_of(request)
    if subject is None or str(_user(subject).pk) != started.user_id:
        messages.error(request, _("You were logged out meanwhile. Nothing was linked."))
        return _to_where_it_began(request)
    try:
        operations.link_identity(
            user=_user(subject),
            person=person,
            name=provider.name,
            keep=sessions.public_id(request),
            at=at,
        )
    except IdentityTakenError:
        messages.error(
            request, _("This was not linked: it belongs to an account already. Call us.")
        )
    else:
        messages.success(
            request, _("From now on you can log in with %(name)s.") % {"name": provider.name}
        )
    return redirect("identities")


def _confirm(
    request: HttpRequest, started: Started, person: Person, *, at: datetime
) -> HttpResponse:
    user = verified_user(request)
    if user is None or str(user.pk) != started.user_id:
        messages.error(request, _("You were logged out meanwhile. Log in again."))
        return _on_to(reverse("log-in"))
    try:
        identity = operations.confirm_with_identity(
            user=user, person=person, since=started.since, at=at
        )
    except UnknownIdentityError:
        messages.error(
            request,
            _("This does not show that it is you. Log in at the other organisation again."),
        )
        return _on_to(f"{reverse('step-up')}?{urlencode({'next': started.next})}")
    proven_at = min(person.auth_time, at)
    sessions.prove_again(request, device=identity, method=Method.PROVIDER, at=proven_at)
    return _on_to(started.next)


def _to_provider(
    request: HttpRequest, provider: Provider, started: Started, *, at: datetime
) -> HttpResponse:
    try:
        return HttpResponseRedirect(_away(provider, started, at=at))
    except ProviderError as error:
        return _failed(request, error, at=at)


def _failed(request: HttpRequest, error: ProviderError, *, at: datetime) -> HttpResponse:
    if not isinstance(error, NotStartedError):  # whoever comes from nowhere is no attempt
        operations.refuse_provider(reason=error.code, at=at)
    messages.error(request, _words(error))
    return _to_where_it_began(request)


def _words(error: ProviderError) -> str:
    match error:
        case StoppedError():
            return _("You stopped. You can try again, or log in in another way.")
        case LevelTooLowError():
            return _(
                "You logged in there in a way that is not safe enough for here. Try again, and choose the safer way."
            )
        case NotStartedError():
            return _("Logging in took too long. Start again.")
        case _:
            return _(
                "That did not work, and it is not your fault. Try again later, or in another way."
            )


def _to_where_it_began(request: HttpRequest) -> HttpResponse:
    """Lead back: a customer who is logged in was linking, everyone else was logging in."""
    name = "identities" if data_subject_of(request) is not None else "log-in"
    return _on_to(reverse(name))


def _away(provider: Provider, started: Started, *, at: datetime) -> str:
    return provider.authorization_url(
        state=started.state,
        nonce=started.nonce,
        challenge=started.challenge,
        redirect_uri=_redirect_uri(),
        max_age=timedelta() if started.why is Why.CONFIRM else settings.OIDC_MAX_AGE,
        at=at,
    )


def _on_to(address: str) -> HttpResponse:
    return HttpResponseRedirect(address if "#" in address else address + CONTENT)


def _redirect_uri() -> str:
    return settings.PUBLIC_BASE_URL + reverse("provider-back")


def _provider() -> Provider:
    found = configured()
    if found is None:
        raise Http404
    return found


def _user(subject: DataSubject) -> User:
    assert subject.user is not None  # noqa: S101  who logged in has a login
    return subject.user
