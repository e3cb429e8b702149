"""Every read of the log. Answers are frozen values; a payload is opened with the key ring, or is erased."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Max, Min, Q

from audit import keyring
from audit.canonical import CanonicalError, Json
from audit.events import Actor, EventKind
from audit.leaf import INTERNAL, SHOWN
from audit.merkle import EMPTY_ROOT, leaf_hash
from audit.models import (
    Checkpoint,
    Erasure,
    Key,
    LogEntry,
    LogHead,
    PendingEntry,
    VerificationRun,
)
from audit.sealing import OpenedPart, open_part

_KINDS = {kind.value: kind for kind in EventKind}
_ACTORS = {actor.value: actor for actor in Actor}
_OF_ENTRIES, _OF_TIME, _OF_PAYLOADS = ("id",), ("at", "id"), ("payload__entry_id",)
ROWS = LogEntry.objects.select_related("place", "payload__subject_key", "payload__organisation_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One entry, opened. A kind or an actor that this version does not know is shown as it is.

    `index` is None while the entry waits for its place. `shown` and `internal` are None when they
    are erased; when `is_damaged`, they cannot be opened because someone changed them. `is_erased`:
    what the entry tells is gone, and `subject_id` no longer says whom it was about.
    """

    id: int
    uid: UUID
    index: int | None
    kind: EventKind | str
    at: datetime
    actor: Actor | str
    subject_id: UUID | None
    shown: Mapping[str, Json] | None
    internal: Mapping[str, Json] | None
    leaf_hash: bytes
    is_damaged: bool = False
    is_erased: bool = False

    @property
    def purpose(self) -> str:
        return self._code("purpose")

    @property
    def data_category(self) -> str:
        return self._code("dataCategory")

    @property
    def recipient(self) -> str:
        return self._code("recipient")

    @property
    def outcome(self) -> str:
        return self._code("outcome")

    def _code(self, name: str) -> str:
        part = self.shown if self.subject_id else self.internal
        return str((part or {}).get(name, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries. What is left empty does not narrow; `until` is exclusive."""

    since: datetime | None = None
    until: datetime | None = None
    kind: str = ""
    kinds: frozenset[str] = frozenset()
    purpose: str = ""
    outcome: str = ""
    recipient: str = ""
    subject_id: UUID | None = None

    def to_json(self) -> dict[str, Json]:
        """Return what narrows, for the log itself and for the head of an export."""
        said: dict[str, Json] = {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "kind": str(self.kind),
            "kinds": [str(kind) for kind in sorted(self.kinds)],
            "purpose": self.purpose,
            "outcome": self.outcome,
            "recipient": self.recipient,
            "subject": str(self.subject_id) if self.subject_id else None,
        }
        return {name: value for name, value in said.items() if value}

    @property
    def order(self) -> tuple[str, ...]:
        """Return the columns whose index leads to these entries; each order but that of time is that of the log."""
        if self.since or self.until:
            return _OF_TIME
        is_by_payload = self.purpose or self.outcome or self.recipient or self.subject_id
        return _OF_PAYLOADS if is_by_payload else _OF_ENTRIES

    def condition(self) -> Q:
        wanted = {
            "at__gte": self.since,
            "at__lt": self.until,
            "kind__in": self.every_kind,
            "payload__purpose": self.purpose,
            "payload__outcome": self.outcome,
            "payload__recipient": self.recipient,
            "payload__subject_key__owner_id": self.subject_id,
        }
        return Q(**{name: value for name, value in wanted.items() if value})

    @property
    def every_kind(self) -> list[str]:
        return sorted(self.kinds | ({self.kind} if self.kind else frozenset()))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadView:
    """How far the log is: `size` entries have their place, `pending` wait, `checkpoint_size` are signed."""

    size: int
    root: bytes
    pending: int
    checkpoint_size: int | None
    checkpoint_at: datetime | None


def entries(
    *,
    filter: EntryFilter,  # noqa: A002
    before: int | None = None,
    after: int | None = None,
    limit: int,
) -> list[EntryView]:
    """Return the newest entries that match, or the first ones `before` or `after` the entry with this id.

    The newest come first. Where days are asked for the order is that of time, else that of the
    log: each has an index that leads there without passing by what lies before it.
    """
    found, order = LogEntry.objects.filter(filter.condition()), filter.order
    if before is not None:
        found = found.filter(_beyond(before, order=order, word="lt"))
    if after is not None:
        found = found.filter(_beyond(after, order=order, word="gt"))
    if after is None:
        order = tuple(f"-{name}" for name in order)
    # First which ones: with all that belongs to them at once, a database walks through every table.
    rows = ROWS.filter(pk__in=found.order_by(*order).values("pk")[:limit])
    views = [view_of(entry) for entry in rows.order_by(*order)]
    return views if after is None else views[::-1]


def _beyond(cursor: int, *, order: tuple[str, ...], word: str) -> Q:
    """Return what lies on the other side of an entry, in this order."""
    beyond = Q(**{f"id__{word}": cursor})
    if order == _OF_PAYLOADS:
        return beyond & Q(**{f"{order[0]}__{word}": cursor})  # for either table
    if order == _OF_TIME:
        at = LogEntry.objects.filter(pk=cursor).values("at")
        # The first part says little that is new; it lets the index begin at the right place.
        return Q(**{f"at__{word}e": at}) & (Q(**{f"at__{word}": at}) | beyond)
    return beyond


def count(filter: EntryFilter, *, limit: int | None = None) -> int:  # noqa: A002
    """Return how many entries match; no more than `limit` are counted."""
    found = LogEntry.objects.filter(filter.condition())
    return found.count() if limit is None else found.order_by()[:limit].count()


def last_about_per_category(
    *, subject_id: UUID, kinds: Collection[EventKind]
) -> dict[str, EntryView]:
    """Return, per data category, the newest entry of these kinds about this data subject."""
    about = EntryFilter(subject_id=subject_id, kinds=frozenset(kinds))
    newest = (
        LogEntry.objects.filter(about.condition())
        .exclude(payload__data_category="")
        .values("payload__data_category")
        .annotate(newest=Max("id"))
        .values_list("newest", "payload__data_category")
    )
    categories = dict(newest)
    found = ROWS.filter(id__in=list(categories))
    return {categories[entry.pk]: view_of(entry) for entry in found}


def head() -> HeadView:
    stored = LogHead.objects.first()
    signed = Checkpoint.objects.order_by("-size").first()
    return HeadView(
        size=stored.size if stored else 0,
        root=bytes(stored.root) if stored else EMPTY_ROOT,
        pending=PendingEntry.objects.count(),
        checkpoint_size=signed.size if signed else None,
        checkpoint_at=signed.made_at if signed else None,
    )


def carried_out(request: str) -> datetime | None:
    """Return when the keys were destroyed for this request; None when none were."""
    done = Erasure.objects.filter(request=request).order_by("at")
    return done.values_list("at", flat=True).first()


def epoch_began() -> datetime | None:
    """Return since when the master key of today is in use; None when nothing was sealed yet."""
    told = LogEntry.objects.filter(kind=EventKind.MASTER_KEY_ROTATED)
    last = told.order_by("-id").values_list("at", flat=True).first()
    return last or Key.objects.aggregate(first=Min("created_at"))["first"]


def last_run() -> VerificationRun | None:
    """Return the last run that says something about the whole log: one over all of it, or one that found a fault.

    A run over the end of the log takes nothing back of what was found in its beginning.
    """
    telling = VerificationRun.objects.filter(Q(since=0) | Q(faults__gt=0))
    return telling.order_by("-id").first()


def view_of(entry: LogEntry) -> EntryView:
    """Open one row of `ROWS`, without another query."""
    place, payload = getattr(entry, "place", None), getattr(entry, "payload", None)
    subject_key: Key | None = getattr(payload, "subject_key", None)
    is_damaged = False
    shown: Mapping[str, Json] | None = {} if payload and payload.subject_key_id is None else None
    internal: Mapping[str, Json] | None = None
    try:
        internal = _members(opened(entry, INTERNAL))
        shown = _members(opened(entry, SHOWN)) if shown is None else shown
    except (keyring.SealBrokenError, CanonicalError):
        is_damaged = True
    is_erased = not is_damaged and (shown if subject_key else internal) is None
    return EntryView(
        id=entry.pk,
        uid=entry.uid,
        index=place.index if place else None,
        kind=_KINDS.get(entry.kind, entry.kind),
        at=entry.at,
        actor=_ACTORS.get(entry.actor, entry.actor),
        subject_id=subject_key.owner_id if subject_key and not is_erased else None,
        shown=shown,
        internal=internal,
        leaf_hash=leaf_hash(bytes(entry.leaf)),
        is_damaged=is_damaged,
        is_erased=is_erased,
    )


def opened(entry: LogEntry, part: bytes) -> OpenedPart | None:
    """Open one compartment of a row of `ROWS`; None when it is erased or was never there.

    Raises:
        SealBrokenError: it was changed.
    """
    payload = getattr(entry, "payload", None)
    if payload is None:
        return None
    name = "subject" if part == SHOWN else "organisation"
    key_id, sealed = getattr(payload, f"{name}_key_id"), getattr(payload, f"{name}_part")
    if key_id is None or sealed is None:
        return None
    key: Key | None = getattr(payload, f"{name}_key", None)
    if key is None:
        raise keyring.SealBrokenError("The key of these sealed bytes is gone.")
    try:
        return open_part(key=key, part=part, uid=entry.uid, sealed=bytes(sealed))
    except keyring.KeyDestroyedError:
        return None


def _members(part: OpenedPart | None) -> Mapping[str, Json] | None:
    return None if part is None else part.members()
