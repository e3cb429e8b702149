"""Recompute the log from its entries, and name whatever does not agree. Memory stays constant."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Exists, Max, Model, OuterRef, Q, QuerySet

from audit import (
    checkpoint,
    erasure_journal,
    keyring,
    masterkeys,
    merkle,
    signer_checks,
    tree,
)
from audit.entry_checks import EntryFault, entry_faults
from audit.erasure_checks import Erasures, loose_ends, with_erasures
from audit.faults import Fault
from audit.keyfiles import KeyFileError
from audit.models import Checkpoint, Key, Leaf, LogEntry, LogHead, Payload, PendingEntry, Tile
from audit.signers import LogKeys

_CHUNK = 1024
_HIGHEST_LEVEL = 7  # 256 ** 8 entries
_NAMED = 100  # faults that are kept by name; the rest is only counted

Progress = Callable[[int], None]
_Row = TypeVar("_Row", bound=Model)

# What apps above this one keep besides the log; each names its faults. They add theirs when they
# are ready.
BESIDE_THE_LOG: list[Callable[[], Iterator[Fault]]] = [erasure_journal.faults]


class Verification:
    """One walk over the log, whole or from a signed head on. Entries that arrive meanwhile are left for the next one."""

    def __init__(self, signers: LogKeys) -> None:
        self.faults = 0
        self.named: list[Fault] = []
        self.frontier = merkle.Frontier()
        self.counted = 0
        self._signers = signers
        self._erasures = Erasures()
        self._rows: dict[int, list[bytes]] = {}  # per level, the hashes of the tile that is filling

    @property
    def first_fault(self) -> str:
        return self.named[0].sentence if self.named else ""

    def run(self, *, since: Checkpoint | None = None, progress: Progress | None = None) -> None:
        """Check everything, or what came after `since`: then that head is trusted, once its signature is good.

        `progress` is told how many entries were counted, after each chunk. Keys, and what lies beside
        the log, are checked with the whole log only.
        """
        head = LogHead.objects.first()
        if since is None:
            self._check_keys()
        elif not self._is_continued_from(since):
            return
        self._walk(until=head.size if head else 0, progress=progress)
        self._check_head(head)
        self._check_what_lies_beyond()
        self._check_what_lies_before()
        self._check_unplaced()
        self._check_orphans()
        if since is None:
            self._check_beside()

    def _check_beside(self) -> None:
        for fault in (*signer_checks.log_key_faults(), *signer_checks.cosignature_faults()):
            self._note(*fault)
        for check in BESIDE_THE_LOG:
            for found in check():
                self.add_fault(found)

    def _note(
        self, table: str, row: object, what: str, *, column: str = "", times: int = 1
    ) -> None:
        fault = Fault(table=f"audit_{table}", row=str(row), column=column, what=what)
        self.add_fault(fault, times=times)

    def add_fault(self, fault: Fault | str, *, times: int = 1) -> None:
        self.faults += times
        if len(self.named) < _NAMED:
            self.named.append(Fault(what=fault) if isinstance(fault, str) else fault)

    def _is_continued_from(self, since: Checkpoint) -> bool:
        """Take up the tree as it is stored under a signed head, and compare it with what was signed."""
        try:
            self.frontier = tree.stored_frontier(since.size)
            self._rows = tree.unfinished_rows(since.size)
        except tree.LogBrokenError as error:
            self._note("checkpoint", f"checkpoint {since.size}", str(error))
            return False
        self._check_checkpoint(since)
        return True

    def _check_keys(self) -> None:
        masterkeys.masters()
        for chunk in _in_chunks(with_erasures()):
            for key in chunk:
                self._check_key(key)
        for fault in loose_ends():
            self._note(*fault)

    def _check_key(self, key: Key) -> None:
        try:
            keyring.unwrapped(key)
        except keyring.KeyDestroyedError:
            if key.wrapped is not None or key.destroyed_at is None:
                column = "wrapped" if key.destroyed_at is None else "destroyed_at"
                self._note("key", f"key {key.id}", "it is half destroyed.", column=column)
        except KeyFileError as error:
            self._note("key", f"key {key.id}", str(error), column="master_key_id")
        except keyring.SealBrokenError as error:
            self._note("key", f"key {key.id}", str(error))
        if what := self._erasures.fault(key):
            self._note("key", f"key {key.id}", what)

    def _walk(self, *, until: int, progress: Progress | None) -> None:
        expected = self.frontier.size
        while chunk := list(
            Leaf.objects.filter(index__gte=expected, index__lt=until).order_by("index")[:_CHUNK]
        ):
            first, last = chunk[0].index, chunk[-1].index
            entries = LogEntry.objects.filter(place__index__range=(first, last)).in_bulk()
            self._check_entries(
                entries.values(), where={leaf.entry_id: leaf.index for leaf in chunk}
            )
            signed = Checkpoint.objects.filter(size__gt=expected, size__lte=last + 1).in_bulk()
            for leaf in chunk:
                if leaf.index != expected:
                    self._note("leaf", f"index {expected}", "there is no such leaf.")
                expected = leaf.index + 1
                self._add(leaf, entries.get(leaf.entry_id))
                if note := signed.get(expected):
                    self._check_checkpoint(note)
            self.counted += len(chunk)
            if progress is not None:
                progress(self.counted)

    def _add(self, leaf: Leaf, entry: LogEntry | None) -> None:
        hash_ = bytes(leaf.hash)
        if entry is None:
            self._note("logentry", f"index {leaf.index}", "the entry of this leaf is gone.")
        elif merkle.leaf_hash(bytes(entry.leaf)) != hash_:
            self._note("leaf", f"index {leaf.index}", "it is not that of the entry.", column="hash")
            hash_ = merkle.leaf_hash(bytes(entry.leaf))
        self.frontier = self.frontier.extended([hash_])
        self._fill_tile(hash_)

    def _fill_tile(self, hash_: bytes) -> None:
        level, count = 0, self.frontier.size
        while True:
            row = self._rows.setdefault(level, [])
            row.append(hash_)
            if len(row) < tree.TILE_WIDTH:
                return
            count //= tree.TILE_WIDTH
            made = tree.tile_of(level=level, number=count - 1, row=row)
            self._check_tile(made)
            row.clear()
            level, hash_ = level + 1, bytes(made.root)

    def _check_tile(self, made: Tile) -> None:
        place = f"tile {made.level}/{made.number}"
        stored = Tile.objects.filter(level=made.level, number=made.number).first()
        if stored is None:
            self._note("tile", place, "it is missing.")
        for column in _differing(stored, {"data": made.data, "root": made.root}):
            self._note("tile", place, "it is not made of the leaves.", column=column)

    def _check_checkpoint(self, stored: Checkpoint) -> None:
        place = f"checkpoint {stored.size}"
        try:
            head = self._signers.head_of(stored.note)
        except checkpoint.CheckpointError as error:
            self._note("checkpoint", place, str(error), column="note")
            return
        differing = _differing(stored, {"size": head.size, "root": head.root})
        for column in differing:
            self._note("checkpoint", place, "it is not what was signed.", column=column)
        if not differing and head.root != self.frontier.root():
            self._note("checkpoint", place, "the entries are not the ones that were signed.")

    def _check_head(self, head: LogHead | None) -> None:
        if head is None or LogHead.objects.count() != 1:
            self._note("loghead", "head", "there must be exactly one.")
            return
        made = self.frontier
        wanted = {"size": made.size, "root": made.root(), "frontier": made.to_bytes()}
        for column in _differing(head, wanted):
            self._note("loghead", "head", "it is not that of these leaves.", column=column)

    def _check_what_lies_beyond(self) -> None:
        """Find rows past the end. The head is read last: it moves together with the rows it covers."""
        leaf = Leaf.objects.aggregate(last=Max("index"))["last"]
        signed = Checkpoint.objects.aggregate(last=Max("size"))["last"]
        tiles = list(Tile.objects.values("level").annotate(last=Max("number")))
        unsized = Checkpoint.objects.filter(size=0).exists()
        head = LogHead.objects.first()
        size = head.size if head else 0
        if leaf is not None and leaf >= size:
            self._note("leaf", f"index {leaf}", "it lies past the end of the log.")
        if unsized or (signed is not None and signed > size):
            self._note("checkpoint", f"checkpoint {signed}", "more was signed than there is.")
        for tile in tiles:
            height = (tile["level"] + 1) * tree.TILE_HEIGHT
            if tile["level"] > _HIGHEST_LEVEL or tile["last"] >= size >> height:
                place = f"tile {tile['level']}/{tile['last']}"
                self._note("tile", place, "it lies past the end of the log.")

    def _check_what_lies_before(self) -> None:
        """Find rows before the beginning: an entry with such a place is in no tree, and does not wait either."""
        for table, rows in (
            ("leaf", Leaf.objects.filter(index__lt=0)),
            ("checkpoint", Checkpoint.objects.filter(size__lt=0)),
            ("tile", Tile.objects.filter(Q(level__lt=0) | Q(number__lt=0))),
        ):
            if first := rows.order_by("pk").first():
                what = "it lies before the beginning of the log."
                self._note(table, first, what, times=rows.count())

    def _check_unplaced(self) -> None:
        lost = LogEntry.objects.filter(place=None, pending=None)
        if first := lost.order_by("id").first():
            what = "the entry has no place in the log and does not wait for one."
            self._note("logentry", f"id {first.pk}", what, times=lost.count())
        twice = PendingEntry.objects.exclude(entry__place=None)
        if numbered := twice.order_by("entry_id").first():
            what = "the entry waits for a place that it has."
            self._note("pendingentry", f"id {numbered.pk}", what, times=twice.count())
        for chunk in _in_chunks(LogEntry.objects.exclude(pending=None).filter(place=None)):
            self._check_entries(chunk, where={})

    def _check_orphans(self) -> None:
        """Find what is about no entry at all: no foreign key is asked of someone who writes in the file."""
        is_there = Exists(LogEntry.objects.filter(pk=OuterRef("pk")))
        for table, rows in (
            ("payload", Payload.objects.exclude(is_there)),
            ("pendingentry", PendingEntry.objects.exclude(is_there)),
        ):
            if first := rows.order_by("pk").first():
                self._note(table, f"id {first.pk}", "its entry is gone.", times=rows.count())

    def _check_entries(self, entries: Iterable[LogEntry], *, where: dict[int, int]) -> None:
        for entry, (table, column, what) in self._faults_of(list(entries), where):
            index = where.get(entry.pk)
            place = f"id {entry.pk}" if index is None else f"index {index}"
            self._note(table, place, what, column=column)

    def _faults_of(
        self, entries: Sequence[LogEntry], where: Mapping[int, int]
    ) -> Iterator[tuple[LogEntry, EntryFault]]:
        ids = [entry.pk for entry in entries]
        payloads = Payload.objects.filter(entry_id__in=ids).in_bulk()
        wanted = {payload.subject_key_id for payload in payloads.values()}
        wanted |= {payload.organisation_key_id for payload in payloads.values()}
        keys = Key.objects.in_bulk(wanted - {None})
        for entry in entries:
            for fault in entry_faults(
                entry=entry,
                index=where.get(entry.pk),
                payload=payloads.get(entry.pk),
                keys=keys,
                erasures=self._erasures,
            ):
                yield entry, fault


def _in_chunks(rows: QuerySet[_Row]) -> Iterator[list[_Row]]:
    """Yield all rows, from the very first id on: whoever writes in the file chooses ids too."""
    rows = rows.order_by("pk")
    chunk = list(rows[:_CHUNK])
    while chunk:
        yield chunk
        chunk = list(rows.filter(pk__gt=chunk[-1].pk)[:_CHUNK])


def _differing(row: Model | None, wanted: Mapping[str, object]) -> list[str]:
    """Return the columns of a stored row that hold something else; none when there is no row."""
    if row is None:
        return []
    return [column for column, value in wanted.items() if value != _plain(getattr(row, column))]


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else bytes(value)
