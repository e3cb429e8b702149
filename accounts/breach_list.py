"""Passwords that leaked somewhere, as sorted prefixes of their SHA-1: 8 MB per million, a few microseconds to look in."""

import hashlib
import mmap
import os
from collections.abc import Iterable
from pathlib import Path

WIDTH = 8  # bytes; among a billion entries a good password is in the list by accident once in 2**34
_IN_HEX = 2 * WIDTH


class BreachListError(Exception):
    """The list cannot be made of this; the message says why."""


def write(lines: Iterable[str], path: Path) -> int:
    """Make the list of lines that begin with a SHA-1 in hexadecimal, in order; return how many there are.

    That is the form of Have I Been Pwned, ordered by hash. The list is there whole or not at all.

    Raises:
        BreachListError: a line is not of that form, or not in order.
    """
    draft = path.with_name(f".{path.name}")
    draft.unlink(missing_ok=True)
    last, count = b"", 0
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for number, line in enumerate(lines, start=1):
            prefix = _prefix(line, number)
            if prefix < last:
                raise BreachListError(f"Line {number} is not in order. Sort the file first.")
            if prefix != last:
                file.write(prefix)
                last, count = prefix, count + 1
    draft.replace(path)
    return count


def contains(path: Path, password: str) -> bool:
    """Say whether this password leaked; False when there is no list."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        if not os.fstat(file.fileno()).st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as entries:
            return _is_among(entries, _digest(password))


def _is_among(entries: mmap.mmap, wanted: bytes) -> bool:
    low, high = 0, len(entries) // WIDTH
    while low < high:
        middle = (low + high) // 2
        if entries[middle * WIDTH : (middle + 1) * WIDTH] < wanted:
            low = middle + 1
        else:
            high = middle
    return entries[low * WIDTH : (low + 1) * WIDTH] == wanted


def _digest(password: str) -> bytes:
    return hashlib.sha1(password.encode(), usedforsecurity=False).digest()[:WIDTH]


def _prefix(line: str, number: int) -> bytes:
    try:
        prefix = bytes.fromhex(line[:_IN_HEX])
    except ValueError:
        prefix = b""
    if len(prefix) != WIDTH:
        raise BreachListError(f"Line {number} does not begin with a SHA-1 in hexadecimal.")
    return prefix
