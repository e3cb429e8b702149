"""Codes of an authenticator app (RFC 6238): SHA-1, six digits, thirty seconds.

Apps silently ignore any other choice. No clock here.
"""

import base64
import hmac
import secrets
from urllib.parse import quote, urlencode

DIGITS = 6
PERIOD = 30
SECRET_SIZE = 20  # 160 bits, as RFC 4226 advises for SHA-1
# One step on either side: the clock of a telephone drifts. A step is accepted once, so that
# looking over a shoulder gains nothing.
_WINDOW = (0, -1, 1)
# How far a clock may be off for us to say by how much, in steps: five minutes. Such a code is not accepted.
_HINTED = 10


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_SIZE)


def step_at(seconds: float) -> int:
    """Return the number of the time step that holds this moment (seconds since 1970)."""
    return int(seconds // PERIOD)


def code_at(secret: bytes, step: int) -> str:
    """Return the code of one time step (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_step(*, secret: bytes, code: str, step: int, after: int) -> int | None:
    """Return the time step around `step` that has this code and lies after `after`; None when none has.

    Steps are compared, not texts: a code cannot come back in another spelling.
    """
    typed = canonical_code(code)
    if typed is None:
        return None
    found = None
    for distance in _WINDOW:
        candidate = step + distance
        is_match = hmac.compare_digest(code_at(secret, max(candidate, 0)), typed)
        if is_match and candidate > after and found is None:
            found = candidate
    return found


def steps_off(*, secret: bytes, code: str, step: int) -> int | None:
    """Return how many steps a code is from `step`: below zero when the clock of the app runs behind.

    None when it is the code of no step nearby, or of one that is near enough to be accepted.
    """
    typed = canonical_code(code)
    if typed is None:
        return None
    nearby = sorted(set(range(-_HINTED, _HINTED + 1)) - set(_WINDOW), key=abs)
    for distance in nearby:
        if hmac.compare_digest(code_at(secret, max(step + distance, 0)), typed):
            return distance
    return None


def canonical_code(typed: str) -> str | None:
    """Return the six digits; None for anything else. People type "123 456"; other alphabets have digits too."""
    code = typed.strip().replace(" ", "")
    return code if len(code) == DIGITS and code.isascii() and code.isdigit() else None


def in_groups(secret: bytes) -> str:
    """Return the secret as people type it over: base32 in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def address(*, secret: bytes, issuer: str, account: str) -> str:
    """Return what the QR code says (the Key URI Format that every app reads)."""
    label = quote(f"{issuer}:{account}", safe="")
    parameters = {
        "secret": base64.b32encode(secret).decode(),
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": PERIOD,
    }
    return f"otpauth://totp/{label}?{urlencode(parameters, quote_via=quote)}"
