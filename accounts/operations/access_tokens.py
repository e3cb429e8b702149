"""Giving an access token to a client that proves who it is."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import allowances, tokens
from accounts.allowances import Standing
from accounts.models import ClientKey, ServiceClient, UsedAssertion
from accounts.oauth import assertions
from accounts.oauth.errors import InvalidClientError, InvalidScopeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    token: str
    scope: str
    standing: Standing


def grant_token(
    *, assertion: str, client_id: str, scope: str, audience: str, at: datetime
) -> Grant:
    """Return an access token for the client that signed the assertion; the assertion is used up.

    `scope` is what is asked for, in words; nothing means everything that the client may have.

    Raises:
        InvalidClientError: the assertion proves nothing, or was used before.
        InvalidScopeError: the client may not have what it asks for.
        TooFastError: the client, that proved who it is, asks more often than it may.
    """
    claim = assertions.claim_of(assertion)
    if client_id and client_id != claim.client_id:
        raise InvalidClientError("Leave out client_id, or make it the same as sub.")
    key = _key_of(claim, at=at)
    claims = assertions.check(assertion, key=key.jwk, claim=claim, audience=audience)
    expires_at = assertions.check_time(
        claims, lasts_at_most=settings.CLIENT_ASSERTION_LASTS_AT_MOST, at=at
    )
    digest = assertions.digest_of(claims)
    standing = allowances.take(key.client.pk, at=at)
    scopes = _scopes(key.client, scope)
    _use(digest, expires_at=expires_at)
    token = tokens.issue(client_id=key.client.client_id, scopes=scopes, at=at)
    return Grant(token=token, scope=" ".join(scopes), standing=standing)


def _key_of(claim: assertions.Claim, *, at: datetime) -> ClientKey:
    key = (
        ClientKey.objects.select_related("client")
        .filter(
            client__client_id=claim.client_id,
            client__is_active=True,
            kid=claim.kid,
            not_before__lte=at,
            not_after__gt=at,
        )
        .first()
    )
    if key is None:
        raise InvalidClientError(assertions.NOT_PROVEN)
    return key


def _scopes(client: ServiceClient, asked: str) -> list[str]:
    if not client.scopes:
        raise InvalidScopeError("This client may do nothing yet. Ask the organisation for scopes.")
    wanted = dict.fromkeys(asked.split()) or dict.fromkeys(client.scopes)
    if not set(wanted) <= set(client.scopes):
        raise InvalidScopeError(
            "This client may not have all of these scopes. Leave out scope to get all it may have."
        )
    return list(wanted)


def _use(digest: str, *, expires_at: datetime) -> None:
    """Use up an assertion. The database lets one of any number of requests through."""
    try:
        with transaction.atomic():
            UsedAssertion.objects.create(digest=digest, expires_at=expires_at)
    except IntegrityError as error:
        raise InvalidClientError(
            "This client assertion was used before. Make a new one, with another jti."
        ) from error
