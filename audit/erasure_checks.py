"""Whether a key that is destroyed, or what it sealed and is gone, was erased lawfully: the log itself must say so.

A destruction is lawful when `audit_erasure` leads to an entry of the kind `log.key.destroyed` whose
internal part names exactly that key. That part is sealed under the key of its month. When that one
is destroyed in its turn, the row must do; but then the entry has to come before the one that tells
of *that* destruction. So every chain ends at an entry that opens, and nobody who lacks the keys can
add to it.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from audit import keyring
from audit.canonical import CanonicalError, Json
from audit.events import EventKind
from audit.keyfiles import KeyFileError
from audit.leaf import INTERNAL, LeafError, parse_leaf
from audit.models import Erasure, Key, LogEntry, Payload
from audit.queries import opened

Fault = tuple[str, str, str]  # table, place, what is wrong
_UNPLACED = 2**63  # an entry that waits comes after every entry that has its place


class _ErasureError(Exception):
    """What the log says about this destruction is not true, or it says nothing."""


class Erasures:
    """The lawful destructions. In memory are those of months only: twelve a year."""

    def __init__(self) -> None:
        self._months: dict[str, int] = {}  # the month, and the index of the entry that tells of it
        destroyed = with_erasures().filter(kind=Key.Kind.MONTH).exclude(erasure=None)
        # The last first: whether an entry may be erased is told by a later one.
        for key in sorted(destroyed, key=lambda key: _place(key.erasure), reverse=True):
            if not self.fault(key):
                self._months[key.month] = _place(key.erasure)

    def may_be_gone(self, *, at: datetime, index: int | None) -> bool:
        """Return whether the payload of an entry of this moment, at this place, was erased lawfully."""
        return index is not None and index < self._months.get(keyring.month_of(at), 0)

    def fault(self, key: Key) -> str:
        """Return what is wrong between this key (of `with_erasures`) and the log, if anything."""
        erasure: Erasure | None = getattr(key, "erasure", None)
        if erasure is None:
            is_destroyed = key.destroyed_at is not None
            return "it was destroyed, and no event in the log says so." if is_destroyed else ""
        if (erasure.kind, erasure.at) != (key.kind, key.destroyed_at):
            return "its erasure says something else about it."
        try:
            self._check_event(key, erasure)
            _check_count(key, erasure)
        except (_ErasureError, keyring.SealBrokenError, KeyFileError) as error:
            return f"its erasure is not in the log: {error}"
        except (LeafError, CanonicalError) as error:
            return f"its erasure cannot be read in the log: {error}"
        return ""

    def _check_event(self, key: Key, erasure: Erasure) -> None:
        entry: LogEntry | None = getattr(erasure, "entry", None)
        if entry is None or key.destroyed_at is None:
            raise _ErasureError("the entry is gone.")
        leaf = parse_leaf(bytes(entry.leaf))
        happened = (EventKind.KEY_DESTROYED, key.destroyed_at.replace(microsecond=0))
        if (leaf.kind, leaf.at) != happened:
            raise _ErasureError("the entry is about something else.")
        part = opened(entry, INTERNAL)
        if part is None:
            if not self.may_be_gone(at=leaf.at, index=_index(entry)):
                raise _ErasureError("what the entry said is gone.")
            return
        if part.members() != _told(key, erasure):
            raise _ErasureError("the entry names another key, or tells something else about it.")


def with_erasures() -> "QuerySet[Key]":
    """Return the keys with what is said about their destruction, read at one moment."""
    return Key.objects.select_related(
        "erasure__entry__place", "erasure__entry__payload__organisation_key"
    )


def loose_ends() -> Iterator[Fault]:
    """Name the destructions in the log that lead to no key."""
    told = LogEntry.objects.filter(kind=EventKind.KEY_DESTROYED, erasure=None)
    for entry in told.order_by("id"):
        yield "logentry", f"id {entry.pk}", "it tells of a key whose erasure is gone."
    without = Erasure.objects.exclude(Exists(Key.objects.filter(pk=OuterRef("key_id"))))
    for key_id in without.values_list("key_id", flat=True):
        yield "erasure", f"key {key_id}", "the key is gone."


def _told(key: Key, erasure: Erasure) -> dict[str, Json]:
    """Return what the entry must say; before there were counts it only named the key."""
    named = keyring.name_of(key)
    if erasure.entries is None:
        return named
    return named | {"entries": erasure.entries, "request": erasure.request}


def _check_count(key: Key, erasure: Erasure) -> None:
    """Find a payload that was given to a destroyed key, so that it would count as erased."""
    sealed = Payload.objects.filter(Q(subject_key=key) | Q(organisation_key=key)).count()
    if erasure.entries is not None and sealed > erasure.entries:
        raise _ErasureError(
            f"{sealed} entries were sealed by it, and the log says {erasure.entries}."
        )


def _place(erasure: Erasure) -> int:
    index = _index(getattr(erasure, "entry", None))
    return _UNPLACED if index is None else index


def _index(entry: LogEntry | None) -> int | None:
    place = getattr(entry, "place", None)
    return place.index if place else None
