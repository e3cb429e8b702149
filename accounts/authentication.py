"""How a system that calls the API proves who it is, and what it may ask."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from accounts import tokens
from accounts.models import ServiceClient

if TYPE_CHECKING:
    from rest_framework.views import APIView

_SCHEME = "Bearer"
# One text for every fault: what exactly was wrong is of no use to who has a good token.
_INVALID = (
    "This access token is not valid here, or no longer. "
    "Ask for a new one at POST /oauth/token and send it in the Authorization header."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The system that asks, as it is registered at this moment. `recipient` is the slug.

    `purposes` are those for which it is registered and for which its token counts.
    """

    client_id: str
    recipient: str
    recipient_id: int
    scopes: frozenset[str]
    purposes: frozenset[str]


class ServiceAuthentication(authentication.BaseAuthentication):
    """A token in the Authorization header and nowhere else (RFC 6750 section 2.1)."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != _SCHEME.lower():
            return None
        try:
            claims = tokens.read(token.strip(), at=timezone.now())
        except tokens.TokenError as error:
            raise exceptions.AuthenticationFailed(_INVALID) from error
        return AnonymousUser(), _caller(claims)

    def authenticate_header(self, request: Request) -> str:
        return _SCHEME


class HasScope(permissions.BasePermission):
    """Let in a caller whose token and registration both have the scope that the view names.

    A view that names none lets nobody in.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        scope = getattr(view, "required_scope", None)
        if not isinstance(request.auth, Caller) or scope is None:
            return False
        self.message = f"This access token does not have the scope {scope}."
        self.code = "insufficient-scope"
        return scope in request.auth.scopes


def _caller(claims: tokens.Claims) -> Caller:
    """Return the live registration: what was taken away counts at once, though the token lives on."""
    client = (
        ServiceClient.objects.select_related("recipient")
        .filter(client_id=claims.client_id, is_active=True)
        .first()
    )
    if client is None or _was_taken_away(claims, client):
        raise exceptions.AuthenticationFailed(_INVALID)
    return Caller(
        client_id=client.client_id,
        recipient=client.recipient.slug,
        recipient_id=client.recipient_id,
        scopes=claims.scopes & frozenset(client.scopes),
        purposes=claims.purposes(client.purposes),
    )


def _was_taken_away(claims: tokens.Claims, client: ServiceClient) -> bool:
    """Return whether the token is older than what ended the tokens of this client."""
    since = client.tokens_count_from
    return since is not None and claims.issued_at < since
