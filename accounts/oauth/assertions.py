"""Whether a client assertion (RFC 7523) proves which client asks. Pure: no database, no clock, no settings."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt.types import Options

from accounts import jwk
from accounts.errors import JwkError
from accounts.oauth.errors import InvalidClientError

LARGEST = 4096  # characters; looked at before anything is parsed
SKEW = timedelta(seconds=60)
# What an assertion says is looked up and hashed before or after it is proven. JSON can spell texts that
# no database or hash takes (a lone surrogate, a NUL), so only what needs no encoding gets that far.
_SUBJECT = re.compile(r"[\x21-\x7e]{1,50}")
_KID = re.compile(r"[\x20-\x7e]{1,64}")
_JTI = re.compile(r"[\x20-\x7e]{16,255}")
_HEADER = frozenset(
    {"alg", "kid", "typ"}
)  # no jwk, jku, x5u, x5c: a token never brings its own key
_TYPES = (None, "JWT", "jwt", "client-authentication+jwt")
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

# One text for everything that depends on what is registered here.
NOT_PROVEN = (
    "The client assertion does not prove a client that is registered here. Check iss, sub and kid, "
    "and that the key is registered and valid now; sign with the private half of that key."
)
_MALFORMED = (
    "The client assertion is not a usable JWT. Send a signed JWT of at most 4096 characters, with "
    "alg and kid (and if you like typ) in its header and nothing else; kid has 1 to 64 printable "
    "ASCII characters."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an assertion says before anyone checked it: which client, which of its keys."""

    client_id: str
    kid: str


def claim_of(assertion: str) -> Claim:
    """Return which client and key the assertion names, to find that key; nothing is proven by it.

    Raises:
        InvalidClientError: the assertion cannot be read.
    """
    if len(assertion) > LARGEST:
        raise InvalidClientError(_MALFORMED)
    try:
        parts = jwt.decode_complete(assertion, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise InvalidClientError(_MALFORMED) from error
    header, payload = parts["header"], parts["payload"]
    if not set(header) <= _HEADER or not is_kid(header.get("kid")):
        raise InvalidClientError(_MALFORMED)
    if header.get("typ") not in _TYPES or header.get("alg") not in jwk.ALGORITHMS:
        raise InvalidClientError(
            "Sign the client assertion with RS256, PS256, ES256 or EdDSA, and leave out typ or use JWT."
        )
    if not _is_spelled(_SUBJECT, payload.get("sub")):
        raise InvalidClientError(NOT_PROVEN)
    return Claim(client_id=payload["sub"], kid=header["kid"])


def check(assertion: str, *, key: Mapping[str, Any], claim: Claim, audience: str) -> dict[str, Any]:
    """Return the claims of an assertion that was signed with this key, by and for whom it should be.

    Raises:
        InvalidClientError: it was not.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            assertion,
            jwk.load(key),
            algorithms=list(jwk.algorithms_of(key)),
            options=_SIGNATURE_ONLY,
        )
    except (jwt.PyJWTError, JwkError, ValueError) as error:
        raise InvalidClientError(NOT_PROVEN) from error
    if claims.get("iss") != claim.client_id or claims.get("sub") != claim.client_id:
        raise InvalidClientError("Set both iss and sub of the client assertion to the client id.")
    if claims.get("aud") != audience:
        raise InvalidClientError(
            f"Set aud of the client assertion to exactly {audience} (a text, not a list)."
        )
    return claims


def check_time(claims: Mapping[str, Any], *, lasts_at_most: timedelta, at: datetime) -> datetime:
    """Return when the assertion expires.

    Raises:
        InvalidClientError: it has expired, is from the future, or would be valid too long.
    """
    issued, expires, start = claims.get("iat"), claims.get("exp"), claims.get("nbf", 0)
    if type(issued) is not int or type(expires) is not int or type(start) is not int:
        raise InvalidClientError(
            "Give the client assertion iat and exp, as whole seconds since 1970."
        )
    now, skew = at.timestamp(), SKEW.total_seconds()
    if expires - issued > lasts_at_most.total_seconds() or expires <= issued:
        raise InvalidClientError(
            f"Let the client assertion expire at most {int(lasts_at_most.total_seconds())} seconds after iat."
        )
    if expires <= now:
        raise InvalidClientError("The client assertion has expired. Make a new one.")
    if max(issued, start) > now + skew:
        raise InvalidClientError(
            "The client assertion is from the future. Set the clock of the client."
        )
    return datetime.fromtimestamp(expires, tz=at.tzinfo)


def digest_of(claims: Mapping[str, Any]) -> str:
    """Return what stands for this one assertion of this one client.

    Raises:
        InvalidClientError: it has no usable jti.
    """
    jti = claims.get("jti")
    if not _is_spelled(_JTI, jti):
        raise InvalidClientError(
            "Give the client assertion a new random jti of 16 to 255 printable ASCII characters."
        )
    return hashlib.sha256(f"{claims['sub']}|{jti}".encode()).hexdigest()


def is_kid(value: object) -> bool:
    """Return whether an assertion can name a key like this."""
    return _is_spelled(_KID, value)


def _is_spelled(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
