"""One-time codes for who lost the app: 80 bits each, in an alphabet without look-alikes (Crockford base32)."""

import secrets

COUNT = 10
LENGTH = 16
POSTED_LENGTH = 12  # 60 bits: on paper, for days or weeks, and behind a limit
_GROUP = 4
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("OIL", "011")


def new_codes() -> list[str]:
    return [new_code(LENGTH) for _ in range(COUNT)]


def new_code(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def canonical_code(typed: str, *, length: int = LENGTH) -> str | None:
    """Return the code that was meant: case, spaces, hyphens and look-alikes do not matter. None: not a code."""
    code = "".join(typed.split()).replace("-", "").upper().translate(_READ_AS)
    is_code = len(code) == length and all(letter in _ALPHABET for letter in code)
    return code if is_code else None


def in_groups(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))
