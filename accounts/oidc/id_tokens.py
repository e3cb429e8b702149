"""Whether an ID token proves who logs in (OpenID Connect Core 1.0 section 3.1.3.7). Pure: told the time and the keys."""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from jwt.types import Options

from accounts import jwk
from accounts.errors import JwkError
from accounts.oidc.errors import LevelTooLowError, ProviderError

LARGEST = 16_384  # characters; looked at before anything is parsed
SKEW = timedelta(seconds=60)
_FRESH = timedelta(minutes=10)  # it comes straight from the provider, so it was made just now
_TYPES = (None, "JWT", "jwt")
_LONGEST_NAME = 255  # of a subject; section 2
# Checked below, stricter than the library does and with the time that we are told.
_SIGNATURE_ONLY: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class UnknownKeyError(ProviderError):
    """It is signed with a key that we have not seen; the provider may have changed its keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a good token says. `levels` are the values of `acr` that are enough; `max_age` is that of the log-in."""

    issuer: str
    client_id: str
    nonce: str
    levels: Sequence[str]
    max_age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who logged in at the provider, how surely, and when. `represents` is (issuer, subject) of another, if any."""

    issuer: str
    subject: str
    acr: str
    auth_time: datetime
    represents: tuple[str, str] | None


def check(
    token: str, *, keys: Iterable[Mapping[str, Any]], expected: Expected, at: datetime
) -> Person:
    """Return whom the token is about.

    Raises:
        UnknownKeyError: it is signed with another key than these.
        LevelTooLowError: the provider is not sure enough.
        ProviderError: it is not a token of this provider, for us, for this log-in, or from now.
    """
    claims = _signed_claims(token, keys)
    _check_place(claims, expected)
    _check_time(claims, at=at)
    auth_time = _auth_time(claims, expected.max_age, at=at)
    subject, acr = claims.get("sub"), claims.get("acr")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_NAME:
        raise ProviderError("no usable subject")
    if not isinstance(acr, str) or acr not in expected.levels:
        raise LevelTooLowError("acr is not one of those that are enough")
    return Person(
        issuer=expected.issuer,
        subject=subject,
        acr=acr,
        auth_time=auth_time,
        represents=_represented(claims.get("represents"), expected.issuer),
    )


def _signed_claims(token: str, keys: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    if len(token) > LARGEST:
        raise ProviderError("too large")
    try:
        header = jwt.get_unverified_header(token)
        key = _key(header, keys)
        claims: dict[str, Any] = jwt.decode(
            token,
            jwk.load(jwk.checked(key)),
            algorithms=list(jwk.algorithms_of(key)),
            options=_SIGNATURE_ONLY,
        )
    except (jwt.PyJWTError, JwkError, ValueError, RecursionError) as error:
        raise ProviderError("not signed by the provider") from error
    return claims


def _key(header: Mapping[str, Any], keys: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the key that the header names, of those that can sign with its algorithm; never one that it brings."""
    if header.get("typ") not in _TYPES or header.get("alg") not in jwk.ALGORITHMS:
        raise ProviderError("another type or algorithm than we accept")
    able = [
        key
        for key in keys
        if key.get("use", "sig") == "sig" and header["alg"] in jwk.algorithms_of(key)
    ]
    if "kid" in header:
        able = [key for key in able if key.get("kid") == header["kid"]]
    if len(able) != 1:
        raise UnknownKeyError("no key of the provider, or more than one")
    return able[0]


def _check_place(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise ProviderError("of another issuer")
    if claims.get("aud") not in (expected.client_id, [expected.client_id]):
        raise ProviderError("for another audience, or for others as well")
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise ProviderError("given to another party")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode("utf-8", "replace"), expected.nonce.encode()
    ):
        raise ProviderError("of another log-in")


def _check_time(claims: Mapping[str, Any], *, at: datetime) -> None:
    issued, expires, start = claims.get("iat"), claims.get("exp"), claims.get("nbf", 0)
    if type(issued) is not int or type(expires) is not int or type(start) is not int:
        raise ProviderError("a time is missing or is not a whole number")
    now, skew = at.timestamp(), SKEW.total_seconds()
    if expires <= now - skew or max(issued, start) > now + skew:
        raise ProviderError("expired, or from the future")
    if issued < now - _FRESH.total_seconds():
        raise ProviderError("made too long ago")


def _auth_time(claims: Mapping[str, Any], max_age: timedelta, *, at: datetime) -> datetime:
    found = claims.get("auth_time")
    now, skew = at.timestamp(), SKEW.total_seconds()
    if type(found) is not int or not now - max_age.total_seconds() - skew <= found <= now + skew:
        raise ProviderError("the person logged in there too long ago, or at no known time")
    return datetime.fromtimestamp(found, tz=UTC)


def _represented(claim: object, issuer: str) -> tuple[str, str] | None:
    """Return for whom this person acts, as the NL GOV OIDC profile writes it: an object with its own sub.

    Raises:
        ProviderError: it is there and cannot be read; then we do not know for whom this is.
    """
    if claim is None:
        return None
    if not isinstance(claim, Mapping):
        raise ProviderError("represents is no object")
    subject, of = claim.get("sub"), claim.get("iss", issuer)
    if not isinstance(subject, str) or not subject or not isinstance(of, str):
        raise ProviderError("represents names nobody")
    return of, subject
