"""Every read of the log. Answers are frozen values; a payload is opened with the key ring, or is erased."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Max, Q

from audit import keyring
from audit.canonical import CanonicalError, Json
from audit.events import Actor, EventKind
from audit.leaf import INTERNAL, SHOWN
from audit.merkle import EMPTY_ROOT, leaf_hash
from audit.models import Checkpoint, Key, LogEntry, LogHead, PendingEntry, VerificationRun
from audit.sealing import OpenedPart, open_part

_KINDS = {kind.value: kind for kind in EventKind}
_ACTORS = {actor.value: actor for actor in Actor}
ROWS = LogEntry.objects.select_related("place", "payload__subject_key", "payload__organisation_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One entry, opened. A kind or an actor that this version does not know is shown as it is.

    `index` is None while the entry waits for its place. `shown` and `internal` are None when they
    are erased; when `is_damaged`, they cannot be opened because someone changed them.
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

    def condition(self) -> Q:
        kinds = self.kinds | ({self.kind} if self.kind else frozenset())
        wanted = {
            "at__gte": self.since,
            "at__lt": self.until,
            "kind__in": sorted(kinds),
            "payload__purpose": self.purpose,
            "payload__outcome": self.outcome,
            "payload__recipient": self.recipient,
            "payload__subject_key__owner_id": self.subject_id,
        }
        return Q(**{name: value for name, value in wanted.items() if value})


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadView:
    """How far the log is: `size` entries have their place, `pending` wait, `checkpoint_size` are signed."""

    size: int
    root: bytes
    pending: int
    checkpoint_size: int | None
    checkpoint_at: datetime | None


def entries(*, filter: EntryFilter, before: int | None, limit: int) -> list[EntryView]:  # noqa: A002
    """Return the newest entries that match, with an id below `before`."""
    found = ROWS.filter(filter.condition())
    if before is not None:
        found = found.filter(id__lt=before)
    return [view_of(entry) for entry in found.order_by("-id")[:limit]]


def count(filter: EntryFilter) -> int:  # noqa: A002
    return LogEntry.objects.filter(filter.condition()).count()


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


def last_run() -> VerificationRun | None:
    return VerificationRun.objects.order_by("-id").first()


def view_of(entry: LogEntry) -> EntryView:
    """Open one row of `ROWS`, without another query."""
    place, payload = getattr(entry, "place", None), getattr(entry, "payload", None)
    is_damaged = False
    shown: Mapping[str, Json] | None = None if payload is None or payload.subject_part else {}
    internal: Mapping[str, Json] | None = None
    try:
        internal = _members(opened(entry, INTERNAL))
        shown = _members(opened(entry, SHOWN)) if shown is None else shown
    except (keyring.SealBrokenError, CanonicalError):
        is_damaged = True
    return EntryView(
        id=entry.pk,
        uid=entry.uid,
        index=place.index if place else None,
        kind=_KINDS.get(entry.kind, entry.kind),
        at=entry.at,
        actor=_ACTORS.get(entry.actor, entry.actor),
        subject_id=payload.subject_key.owner_id if payload and payload.subject_key else None,
        shown=shown,
        internal=internal,
        leaf_hash=leaf_hash(bytes(entry.leaf)),
        is_damaged=is_damaged,
    )


def opened(entry: LogEntry, part: bytes) -> OpenedPart | None:
    """Open one compartment of a row of `ROWS`; None when it is erased or was never there.

    Raises:
        SealBrokenError: it was changed.
    """
    payload = getattr(entry, "payload", None)
    if payload is None:
        return None
    is_shown = part == SHOWN
    key: Key | None = payload.subject_key if is_shown else payload.organisation_key
    sealed = payload.subject_part if is_shown else payload.organisation_part
    if key is None or sealed is None:
        return None
    try:
        return open_part(key=key, part=part, uid=entry.uid, sealed=bytes(sealed))
    except keyring.KeyDestroyedError:
        return None


def _members(part: OpenedPart | None) -> Mapping[str, Json] | None:
    return None if part is None else part.members()
