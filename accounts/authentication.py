"""How a system that calls the API proves who it is, and what it may ask."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from accounts import allowances, live_clients, policy, tokens
from accounts.policy import Action, Target
from accounts.vocabulary import Party

if TYPE_CHECKING:
    from rest_framework.views import APIView

_SCHEME = "Bearer"
# One text for every fault: what exactly was wrong is of no use to who has a good token.
_INVALID = (
    "This access token is not valid here, or no longer. "
    "Ask for a new one at POST /oauth/token and send it in the Authorization header."
)
_TOO_OFTEN = "This client asks more often than it may. RateLimit-Policy says how often that is."


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
        """Return who calls, and take one token from the bucket of that client.

        Whoever proves nothing takes nothing from anybody's bucket.
        """
        # Not `request.headers`: that reads every header there is.
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != _SCHEME.lower():
            return None
        at = timezone.now()
        try:
            claims = tokens.read(token.strip(), at=at)
        except tokens.TokenError as error:
            raise exceptions.AuthenticationFailed(_INVALID) from error
        client = live_clients.find(claims.client_id, at=at)
        if client is None or _was_taken_away(claims, client):
            raise exceptions.AuthenticationFailed(_INVALID)
        try:
            allowances.take_for(request.META, client.pk, at=at)
        except allowances.TooFastError as error:
            raise exceptions.Throttled(error.standing.seconds, _TOO_OFTEN) from error
        return AnonymousUser(), _caller(claims, client)

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
        actor = policy.Actor(party=Party.SERVICE, scopes=request.auth.scopes)
        return policy.can(actor, Action.CALL_API, Target(scope=scope)).permitted


def _caller(claims: tokens.Claims, client: live_clients.LiveClient) -> Caller:
    """Return the live registration: what was taken away counts within seconds, though the token lives on."""
    return Caller(
        client_id=client.client_id,
        recipient=client.recipient,
        recipient_id=client.recipient_id,
        scopes=claims.scopes & client.scopes,
        purposes=claims.purposes(client.purposes),
    )


def _was_taken_away(claims: tokens.Claims, client: live_clients.LiveClient) -> bool:
    """Return whether the token is older than what ended the tokens of this client."""
    since = client.tokens_count_from
    return since is not None and claims.issued_at < since.timestamp()
