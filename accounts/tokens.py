"""Access tokens (RFC 9068): a signed JWT that says which system asks, for ten minutes."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings
from jwt.types import Options

from accounts import token_keys

ALGORITHM = token_keys.ALGORITHM
PURPOSE = "purpose:"  # how a scope begins that narrows a token down to one purpose
TYPE = "at+jwt"
LARGEST = 4096  # bytes; looked at before anything is parsed
_CLOCK_SKEW = timedelta(seconds=60)
# Time and place are checked here, stricter than the library does and with the time that we are told.
_SIGNATURE_ONLY: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class TokenError(Exception):
    """This access token is not one of ours, or it has expired. The reason stays inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    client_id: str
    scopes: frozenset[str]
    issued_at: datetime  # to the second, rounded down

    def purposes(self, registered: Iterable[str]) -> frozenset[str]:
        """Return for which of these purposes the token counts: for all, unless it names some itself."""
        named = {scope.removeprefix(PURPOSE) for scope in self.scopes if scope.startswith(PURPOSE)}
        return frozenset(registered) & named if named else frozenset(registered)


def issue(*, client_id: str, scopes: Iterable[str], at: datetime) -> str:
    """Return a token for this client and these scopes.

    Raises:
        KeyFileError: there is no key to sign with.
    """
    key = token_keys.signing_key()
    claims = {
        "iss": settings.PUBLIC_BASE_URL,
        "sub": client_id,
        "aud": settings.PUBLIC_BASE_URL,
        "client_id": client_id,
        "scope": " ".join(scopes),
        "iat": int(at.timestamp()),
        "exp": int((at + settings.ACCESS_TOKEN_LASTS).timestamp()),
        "jti": secrets.token_urlsafe(16),
    }
    headers = {"typ": TYPE, "kid": key.kid}
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers=headers)


def read(token: str, *, at: datetime) -> Claims:
    """Return what the token says.

    Raises:
        TokenError: it is too large, not signed by us, for another use or place, or expired.
        KeyFileError: our own key cannot be read.
    """
    if len(token) > LARGEST:
        raise TokenError("too large")
    claims = _signed_claims(token, token_keys.accepted_keys())
    _check_place(claims)
    _check_time(claims, at=at)
    return Claims(
        client_id=claims["sub"],
        scopes=frozenset(claims["scope"].split()),
        issued_at=datetime.fromtimestamp(claims["iat"], tz=UTC),
    )


def _check_place(claims: Mapping[str, Any]) -> None:
    here = settings.PUBLIC_BASE_URL
    if not all(isinstance(claims.get(name), str) for name in ("iss", "sub", "aud", "scope", "jti")):
        raise TokenError("a claim is missing or is not a text")
    if claims["iss"] != here or claims["aud"] != here:
        raise TokenError("from or for another place")
    if claims.get("client_id") != claims["sub"]:
        raise TokenError("not of a client")


def _check_time(claims: Mapping[str, Any], *, at: datetime) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int:
        raise TokenError("a time is missing or is not a whole number")
    if expires - issued > settings.ACCESS_TOKEN_LASTS.total_seconds():
        raise TokenError("lasts longer than we ever grant")
    if not issued - _CLOCK_SKEW.total_seconds() <= at.timestamp() < expires:
        raise TokenError("expired, or from the future")


@lru_cache(maxsize=1024)
def _signed_claims(token: str, keys: tuple[token_keys.SigningKey, ...]) -> Mapping[str, Any]:
    """Return the claims of a token that we signed with one of these keys.

    Remembered, because a client uses one token for ten minutes and the signature is most of the work.
    Time and place are checked each time; what failed is not remembered.
    """
    try:
        header = jwt.get_unverified_header(token)
        if set(header) != {"alg", "typ", "kid"} or header["typ"] != TYPE:
            raise TokenError("not an access token of ours")
        key = next((one for one in keys if one.kid == header["kid"]), None)
        if key is None:
            raise TokenError("not signed by a key of ours")
        claims: Mapping[str, Any] = jwt.decode(
            token, key.public, algorithms=[ALGORITHM], options=_SIGNATURE_ONLY
        )
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenError("not signed by us") from error
    return claims
