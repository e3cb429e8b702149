"""Access tokens (RFC 9068): a signed JWT that says which system asks, for ten minutes."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any

import jwt
from django.conf import settings
from jwt.types import Options

from accounts import token_keys

ALGORITHM = token_keys.ALGORITHM
PURPOSE = "purpose:"  # how a scope begins that narrows a token down to one purpose
TYPE = "at+jwt"
REMEMBERED = 4096  # tokens of less than a kilobyte each
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
    """What a token says. `issued_at` is in seconds since 1970."""

    client_id: str
    scopes: frozenset[str]
    issued_at: int

    def purposes(self, registered: frozenset[str]) -> frozenset[str]:
        """Return for which of these purposes the token counts: for all, unless it names some itself."""
        named = {scope.removeprefix(PURPOSE) for scope in self.scopes if scope.startswith(PURPOSE)}
        return registered & named if named else registered


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verified:
    """What a token says that was found good, and between which seconds since 1970 it counts."""

    claims: Claims
    since: int
    until: int


_Name = tuple[bytes, object, str]  # of a token: its hash, and which keys and place it was good for
_verified: dict[_Name, _Verified] = {}
_lock = Lock()


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

    A client uses one token for ten minutes, so one that was found good is remembered by its SHA-256: the
    token itself is not kept. Its time is looked at each time; what failed is not remembered.

    Raises:
        TokenError: it is too large, not signed by us, for another use or place, or expired.
        KeyFileError: our own key cannot be read.
    """
    if len(token) > LARGEST or not token.isascii():
        raise TokenError("too large, or not ASCII")
    keys = token_keys.known_keys(at=at)
    name = (sha256(token.encode()).digest(), keys, settings.PUBLIC_BASE_URL)
    verified = _verified.get(name)
    if verified is None:
        verified = _verify(token, keys)
        _remember(name, verified)
    if not verified.since <= at.timestamp() < verified.until:
        raise TokenError("expired, or from the future")
    return verified.claims


def forget_all() -> None:
    """Look again at the signature of every token."""
    _verified.clear()


def _remember(name: _Name, verified: _Verified) -> None:
    with _lock:
        while len(_verified) >= REMEMBERED:
            _verified.pop(next(iter(_verified)))  # the oldest; tokens all last as long
        _verified[name] = verified


def _verify(token: str, keys: token_keys.Keys) -> _Verified:
    signed = _signed_claims(token, keys)
    _check_place(signed)
    since, until = _times(signed)
    claims = Claims(
        client_id=signed["sub"], scopes=frozenset(signed["scope"].split()), issued_at=since
    )
    return _Verified(claims=claims, since=since - int(_CLOCK_SKEW.total_seconds()), until=until)


def _check_place(claims: Mapping[str, Any]) -> None:
    here = settings.PUBLIC_BASE_URL
    if not all(isinstance(claims.get(name), str) for name in ("iss", "sub", "aud", "scope", "jti")):
        raise TokenError("a claim is missing or is not a text")
    if claims["iss"] != here or claims["aud"] != here:
        raise TokenError("from or for another place")
    if claims.get("client_id") != claims["sub"]:
        raise TokenError("not of a client")


def _times(claims: Mapping[str, Any]) -> tuple[int, int]:
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int:
        raise TokenError("a time is missing or is not a whole number")
    if expires - issued > settings.ACCESS_TOKEN_LASTS.total_seconds():
        raise TokenError("lasts longer than we ever grant")
    return issued, expires


def _signed_claims(token: str, keys: token_keys.Keys) -> Mapping[str, Any]:
    """Return the claims of a token that we signed with one of these keys, or with one that just came."""
    try:
        header = jwt.get_unverified_header(token)
        if set(header) != {"alg", "typ", "kid"} or header["typ"] != TYPE:
            raise TokenError("not an access token of ours")
        key = _key(header["kid"], keys) or _key(header["kid"], token_keys.accepted_keys())
        if key is None:
            raise TokenError("not signed by a key of ours")
        claims: Mapping[str, Any] = jwt.decode(
            token, key.public, algorithms=[ALGORITHM], options=_SIGNATURE_ONLY
        )
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenError("not signed by us") from error
    return claims


def _key(kid: str, keys: token_keys.Keys) -> token_keys.SigningKey | None:
    return next((key for key in keys if key.kid == kid), None)
