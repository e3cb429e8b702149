"""The token service: ask for a token, find out how, and find the key that tokens are signed with."""

from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import jwk, tokens
from accounts.allowances import STANDING, TooFastError
from accounts.gates import public_page
from accounts.models import ServiceClient
from accounts.oauth.errors import (
    InvalidClientError,
    InvalidRequestError,
    OAuthError,
    UnsupportedGrantTypeError,
)
from accounts.operations.access_tokens import grant_token

GRANT_TYPE = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FORM = "application/x-www-form-urlencoded"
_LARGEST_BODY = 8192
_PARAMETERS = 10
_ONCE = "Send each parameter once, and none that are not needed."
_NEVER_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749 section 5.1
_SEND_ASSERTION = (
    "Prove the client with private_key_jwt: send client_assertion, and client_assertion_type "
    f"with the value {ASSERTION_TYPE}."
)


@require_POST
@csrf_exempt  # no cookie counts here
@sensitive_post_parameters()
@public_page
def token(request: HttpRequest) -> HttpResponse:
    """Give an access token (RFC 6749 section 4.4) for a client assertion (RFC 7523)."""
    try:
        asked = _parameters(request)
        _check_kind(request, asked)
        granted = grant_token(
            assertion=asked["client_assertion"],
            client_id=asked.get("client_id", ""),
            scope=asked.get("scope", ""),
            audience=_address("token"),
            at=timezone.now(),
        )
    except OAuthError as error:
        return _refusal(error)
    except TooFastError as error:
        request.META[STANDING] = error.standing
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS)  # the middleware says the rest
    request.META[STANDING] = granted.standing
    return JsonResponse(
        {
            "access_token": granted.token,
            "token_type": "Bearer",
            "expires_in": int(settings.ACCESS_TOKEN_LASTS.total_seconds()),
            "scope": granted.scope,
        },
        headers=_NEVER_KEPT,
    )


@require_safe
@csrf_exempt  # so that another method gets 405; nothing here changes anything
@public_page
def jwks(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Give the public key that access tokens are signed with (RFC 7517)."""
    return JsonResponse({"keys": [dict(tokens.signing_key().jwk)]})


@require_safe
@csrf_exempt  # so that another method gets 405; nothing here changes anything
@public_page
def metadata(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Describe the token service (RFC 8414)."""
    scopes: set[str] = set()
    for granted in ServiceClient.objects.filter(is_active=True).values_list("scopes", flat=True):
        scopes.update(granted)
    return JsonResponse(
        {
            "issuer": settings.PUBLIC_BASE_URL,
            "token_endpoint": _address("token"),
            "jwks_uri": _address("jwks"),
            "scopes_supported": sorted(scopes),
            "response_types_supported": [],
            "grant_types_supported": [GRANT_TYPE],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(jwk.ALGORITHMS),
        }
    )


def _parameters(request: HttpRequest) -> dict[str, str]:
    if request.content_type != _FORM:
        raise InvalidRequestError(f"Send the request as {_FORM}.")
    if len(request.body) > _LARGEST_BODY:
        raise InvalidRequestError(f"Send at most {_LARGEST_BODY} bytes.")
    try:
        sent = QueryDict(request.body, encoding="utf-8")
    except TooManyFieldsSent as error:
        raise InvalidRequestError(_ONCE) from error
    if len(sent) > _PARAMETERS or any(len(values) != 1 for _name, values in sent.lists()):
        raise InvalidRequestError(_ONCE)
    return {name: value for name, value in sent.items() if isinstance(value, str) and value}


def _check_kind(request: HttpRequest, asked: dict[str, str]) -> None:
    if "grant_type" not in asked:
        raise InvalidRequestError(f"Send grant_type={GRANT_TYPE}.")
    if asked["grant_type"] != GRANT_TYPE:
        raise UnsupportedGrantTypeError(f"Use grant_type={GRANT_TYPE}.")
    has_other_proof = "Authorization" in request.headers or "client_secret" in asked
    is_assertion = asked.get("client_assertion_type") == ASSERTION_TYPE
    if has_other_proof or not is_assertion or "client_assertion" not in asked:
        raise InvalidClientError(_SEND_ASSERTION)


def _refusal(error: OAuthError) -> JsonResponse:
    response = JsonResponse(
        {"error": error.code, "error_description": error.description},
        status=error.status,
        headers=_NEVER_KEPT,
    )
    if error.status == HTTPStatus.UNAUTHORIZED:
        # RFC 9110 asks for a challenge; the scheme is that of the proof we want.
        response.headers["WWW-Authenticate"] = 'Bearer realm="token", error="invalid_client"'
    return response


def _address(name: str) -> str:
    """Return an address as the world knows it, never as the request happened to spell it."""
    return settings.PUBLIC_BASE_URL + reverse(name)
