"""Identities at a provider: linking one to a login, logging in with it, and taking it away again."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import throttle
from accounts.errors import IdentityTakenError, LastWayInError, UnknownIdentityError
from accounts.identity import provider_index
from accounts.models import OidcIdentity, Role, User
from accounts.notice_kinds import NoticeKind
from accounts.oidc import id_tokens
from accounts.oidc.id_tokens import Person
from accounts.operations.events import log_of_user, log_refusal
from accounts.operations.notices import notify
from accounts.operations.sessions import confirm_identity, end_other_sessions
from accounts.queries import app_of, has_passkey
from accounts.session_rules import Method
from audit.events import EventKind


def known_identity(*, person: Person, at: datetime) -> OidcIdentity:
    """Return the identity, with its login, of whom the provider says that it is; one that is not known is logged.

    Raises:
        UnknownIdentityError: no login that is in use has this identity.
    """
    identity = _of(person)
    if identity is None:
        refuse_provider(reason="identity-unknown", at=at)
        raise UnknownIdentityError
    return identity


@transaction.atomic
def confirm_with_identity(
    *, user: User, person: Person, since: datetime, at: datetime
) -> OidcIdentity:
    """Return the identity by which someone who was logged in showed once more who it is.

    `since` is when that was asked: an earlier log-in at the provider does not count.

    Raises:
        UnknownIdentityError: it is not an identity of this login, or from before it was asked.
    """
    identity = _of(person)
    is_now = person.auth_time >= since - id_tokens.SKEW
    if identity is None or identity.user_id != user.pk or not is_now:
        raise UnknownIdentityError
    OidcIdentity.objects.filter(pk=identity.pk).update(last_used_at=at)
    confirm_identity(user=user, method=Method.PROVIDER, at=at)
    return identity


@transaction.atomic
def refuse_provider(*, reason: str, at: datetime) -> None:
    """Log that a log-in with the provider failed; nobody proved who tried."""
    log_refusal(user=None, step=Method.PROVIDER, reason=reason, at=at)


@transaction.atomic
def link_identity(
    *, user: User, person: Person, name: str, at: datetime, keep: UUID | None = None
) -> OidcIdentity:
    """Let a customer log in with this identity from now on, and tell by mail. `name` is that of the provider.

    Every session ends but the one with the public id `keep`: a way in was added.

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
    end_other_sessions(user, keep=keep)
    log_of_user(EventKind.IDENTITY_LINKED, user=user, at=at)
    notify(user=user, kind=NoticeKind.IDENTITY_LINKED, facts={"provider": name}, at=at)
    return identity


@transaction.atomic
def remove_identity(
    *, user: User, identity_id: int, at: datetime, keep: UUID | None = None
) -> None:
    """Let nobody log in with this identity any more; every session ends but the one with the public id `keep`.

    Raises:
        UnknownIdentityError: this login has no such identity.
        LastWayInError: there would be no other way to log in.
    """
    identity = OidcIdentity.objects.filter(pk=identity_id, user=user).first()
    if identity is None:
        raise UnknownIdentityError
    has_password = user.has_usable_password() and app_of(user) is not None
    if not has_password and not has_passkey(user):
        raise LastWayInError
    name = identity.name
    identity.delete()  # were it `keep` that it opened: a session without its device counts for nothing
    end_other_sessions(user, keep=keep)
    log_of_user(EventKind.IDENTITY_REMOVED, user=user, at=at)
    notify(user=user, kind=NoticeKind.IDENTITY_REMOVED, facts={"provider": name}, at=at)


def count_provider_log_in(*, address: str, at: datetime) -> None:
    """Count somebody who comes back from the provider.

    Raises:
        LockedOutError: too many did, from this address.
    """
    throttle.check(limit=throttle.PROVIDER_PER_ADDRESS, value=address, at=at)


def _of(person: Person) -> OidcIdentity | None:
    """Return the identity of a customer whose login is in use."""
    found: OidcIdentity | None = (
        OidcIdentity.objects.select_related("user__key")
        .filter(
            issuer=person.issuer,
            subject_index=provider_index(person.issuer, person.subject),
            confirmed=True,
            user__is_active=True,
            user__role=Role.CUSTOMER,
        )
        .first()
    )
    return found
