"""Canonical JSON (RFC 8785, the JSON Canonicalization Scheme), so that a hash means one thing.

Narrower than the RFC: whole numbers only. Pure: no Django, no clock, no settings.
"""

import json
from typing import Never

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]

LARGEST_INT = 2**53 - 1  # what every JSON reader can hold exactly (RFC 7493 section 2.2)


class CanonicalError(ValueError):
    """A value has no canonical form, or bytes are not in it."""


def canonical(value: Json) -> bytes:
    """Return the one way to write `value`: UTF-8, sorted keys, no spaces.

    Raises:
        CanonicalError: it holds a float, a number beyond 2**53 - 1, a lone surrogate, a key that
            is not text, or anything else that JSON does not know.
    """
    try:
        ordered = _ordered(value)
        return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise CanonicalError("A text holds half a character (a lone surrogate).") from error
    except RecursionError as error:
        raise CanonicalError("The value is nested too deeply.") from error


def parse(content: bytes) -> Json:
    """Return the value that `content` is the canonical form of.

    Raises:
        CanonicalError: it is not JSON, or it is JSON written in another way.
    """
    try:
        value: Json = json.loads(
            content.decode(),
            object_pairs_hook=_without_duplicates,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except (ValueError, RecursionError) as error:  # bytes that are no text, too, are a ValueError
        raise CanonicalError("This is not JSON as the log writes it.") from error
    if canonical(value) != content:
        raise CanonicalError("The JSON is not in its canonical form.")
    return value


def _ordered(value: object) -> object:
    match value:
        case None | str() | bool():
            return value
        case int():
            if abs(value) > LARGEST_INT:
                raise CanonicalError("A number is too large to be read everywhere.")
            return value
        case list():
            return [_ordered(item) for item in value]
        case dict():
            return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
        case _:
            raise CanonicalError(f"A {type(value).__name__} has no place in the log.")


def _utf16(key: object) -> bytes:
    """Order keys by UTF-16 code units (RFC 8785 section 3.2.3), not by code points as Python does."""
    if not isinstance(key, str):
        raise CanonicalError("A key must be text.")
    return key.encode("utf-16-be")


def _without_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CanonicalError("A key occurs twice.")
    return found


def _refuse_number(number: str) -> Never:
    raise CanonicalError(f"{number[:20]} is not a whole number.")
