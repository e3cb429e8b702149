"""Identities at a provider: linking one to a login, logging in with it, and taking it away again."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts import throttle
from accounts.errors import IdentityTakenError, LastWayInError, UnknownIdentityError
from accounts.identity import provider_index
from accounts.models import OidcIdentity, Role, User
from accounts.notice_kinds import NoticeKind
from accounts.oidc.id_tokens import Person
from accounts.operations.events import log_of_user, log_refusal
from accounts.operations.notices import notify
from accounts.queries import app_of
from audit.events import EventKind

FACTOR = "provider"


@transaction.atomic
def sign_in_with_identity(*, person: Person, at: datetime) -> OidcIdentity:
    """Return the identity, with its login: both factors have passed, at the provider.

    Raises:
        UnknownIdentityError: no login that is in use has this identity.
    """
    found = OidcIdentity.objects.select_related("user__key").filter(
        issuer=person.issuer,
        subject_index=provider_index(person.issuer, person.subject),
        confirmed=True,
        user__is_active=True,
        user__role=Role.CUSTOMER,
    )
    identity: OidcIdentity | None = found.first()
    if identity is None:
        log_refusal(user=None, step=FACTOR, reason="identity-unknown", at=at)
        raise UnknownIdentityError
    identity.last_used_at = at
    identity.save(update_fields=["last_used_at"])
    log_of_user(EventKind.SIGNED_IN, user=identity.user, at=at, shown={"factor": FACTOR})
    return identity


@transaction.atomic
def refuse_provider(*, reason: str, at: datetime) -> None:
    """Log that a log-in with the provider failed; nobody proved who tried."""
    log_refusal(user=None, step=FACTOR, reason=reason, at=at)


@transaction.atomic
def link_identity(*, user: User, person: Person, name: str, at: datetime) -> OidcIdentity:
    """Let a customer log in with this identity from now on, and tell by mail. `name` is that of the provider.

    Raises:
        IdentityTakenError: it is that of another login, or this login has another one of this provider.
    """
    try:
        with transaction.atomic():
            identity: OidcIdentity = OidcIdentity.objects.create(
                user=user,
                name=name,
                issuer=person.issuer,
                subject_index=provider_index(person.issuer, person.subject),
                linked_at=at,
            )
    except IntegrityError as error:
        raise IdentityTakenError from error
    log_of_user(EventKind.IDENTITY_LINKED, user=user, at=at)
    notify(user=user, kind=NoticeKind.IDENTITY_LINKED, facts={"provider": name}, at=at)
    return identity


@transaction.atomic
def remove_identity(*, user: User, identity_id: int, at: datetime) -> None:
    """Let nobody log in with this identity any more; sessions that it opened end.

    Raises:
        UnknownIdentityError: this login has no such identity.
        LastWayInError: there would be no other way to log in.
    """
    identity = OidcIdentity.objects.filter(pk=identity_id, user=user).first()
    if identity is None:
        raise UnknownIdentityError
    if not user.has_usable_password() or app_of(user) is None:
        raise LastWayInError
    name = identity.name
    identity.delete()  # a session without its device counts as halfway, and that is nothing
    log_of_user(EventKind.IDENTITY_REMOVED, user=user, at=at)
    notify(user=user, kind=NoticeKind.IDENTITY_REMOVED, facts={"provider": name}, at=at)


def count_provider_log_in(*, address: str, at: datetime) -> bool:
    """Count a log-in with the provider from this address, and return whether there were too many."""
    limit = throttle.PROVIDER_PER_ADDRESS
    return throttle.count(limit=limit, value=address, at=at) > limit.most
