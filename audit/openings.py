"""What entries say, with the openings of their commitments: the lines of `openings.ndjson`."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from audit import keyring
from audit.canonical import canonical
from audit.leaf import INTERNAL, SHOWN, in_base64, timestamp
from audit.models import Key, LogEntry
from audit.queries import EntryFilter
from audit.sealing import open_part

_Sealed = tuple[UUID | None, bytes | None]  # the id of its key, and the part
_ENTRY = ("place__index", "uid", "kind", "at", "actor")
_SHOWN = ("payload__subject_key_id", "payload__subject_part")
_INTERNAL = ("payload__organisation_key_id", "payload__organisation_part")


def opening_lines(*, filter: EntryFilter, begin: int, end: int) -> bytes:  # noqa: A002
    """Return a line of canonical JSON for each entry that matches, from index `begin` up to `end`.

    What is erased is null. What cannot be opened because someone changed it is null too, and then
    the line says `damaged`.
    """
    found = LogEntry.objects.filter(
        filter.condition(), place__index__gte=begin, place__index__lt=end
    ).order_by("place__index")
    rows = list(found.values_list(*_ENTRY, *_SHOWN, *_INTERNAL))
    keys = Key.objects.in_bulk({row[place] for row in rows for place in (5, 7)} - {None})
    return b"".join(
        b"{%b}\n" % b",".join(_members(row[:5], row[5:7], row[7:9], keys)) for row in rows
    )


def _members(
    entry: tuple[int, UUID, str, datetime, str],
    shown: _Sealed,
    internal: _Sealed,
    keys: dict[UUID, Key],
) -> Iterator[bytes]:
    """Yield the members of a line in their order. A payload is written as the leaf commits to it."""
    index, uid, kind, at, actor = entry
    shown_part, is_shown_damaged = _opened(SHOWN, uid, shown, keys)
    internal_part, is_internal_damaged = _opened(INTERNAL, uid, internal, keys)
    yield b'"actor":%b,"at":"%b"' % (_text(actor), timestamp(at).encode())
    if is_shown_damaged or is_internal_damaged:
        yield b'"damaged":true'
    yield b'"index":%d,"internal":%b,"internalOpening":%b' % (index, *internal_part)
    yield b'"kind":%b,"shown":%b,"shownOpening":%b' % (_text(kind), *shown_part)


def _opened(
    part: bytes, uid: UUID, sealed: _Sealed, keys: dict[UUID, Key]
) -> tuple[tuple[bytes, bytes], bool]:
    """Return a payload and its opening as JSON, and whether it was changed."""
    key_id, content = sealed
    if key_id is None or content is None:
        return (b"null", b"null"), False
    try:
        opened = open_part(key=keys[key_id], part=part, uid=uid, sealed=content)
    except keyring.KeyDestroyedError:
        return (b"null", b"null"), False
    except keyring.SealBrokenError:
        return (b"null", b"null"), True
    return (opened.payload, b'"%b"' % in_base64(opened.opening).encode()), False


@lru_cache(maxsize=256)
def _text(code: str) -> bytes:
    return canonical(code)
