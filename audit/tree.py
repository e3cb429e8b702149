"""The Merkle tree as it lies in the database: leaves, full tiles, and the way to any node from there."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_

from django.db.models import Q

from audit import merkle
from audit.models import Leaf, Tile

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
_KEPT = 512  # tiles; about 33 kB each when unfolded


class LogBrokenError(Exception):
    """The stored log contradicts itself: it must not be extended or signed before it is examined."""


class StoredTree:
    """The tree over the first `size` leaves. Reads a tile once, and forgets old ones."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._tiles: dict[tuple[int, int], list[list[bytes]]] = {}

    def inclusion_proof(self, index: int) -> list[bytes]:
        self._load(self._paths({index}))
        return merkle.inclusion_proof(index=index, size=self.size, node=self.node)

    def consistency_proof(self, first: int) -> list[bytes]:
        self._load(self._paths({first - 1}))
        return merkle.consistency_proof(first=first, size=self.size, node=self.node)

    def node(self, height: int, position: int) -> bytes:
        """Return the hash over a complete subtree.

        Raises:
            LogBrokenError: the tile that holds it is missing.
        """
        level, row = divmod(height, TILE_HEIGHT)
        number, place = divmod(position, TILE_WIDTH >> row)
        if (level, number) not in self._tiles:
            self._load({(level, number)})
        try:
            return self._tiles[level, number][row][place]
        except (KeyError, IndexError) as error:
            raise LogBrokenError(f"Tile {level}/{number} of the log is missing.") from error

    def prefetch(self, indexes: Iterable[int]) -> None:
        """Read every tile that the proofs of these leaves need: three queries at most."""
        if len(self._tiles) > _KEPT:
            self._tiles.clear()
        self._load(self._paths(indexes))

    def _paths(self, indexes: Iterable[int]) -> set[tuple[int, int]]:
        """Return the tiles on the way up from these leaves, and those that are filling: each proof needs them."""
        wanted = set()
        level, numbers = 0, {index >> TILE_HEIGHT for index in indexes}
        while width := self._width(level):
            wanted |= {(level, number) for number in numbers}
            wanted.add((level, width >> TILE_HEIGHT))
            numbers = {number >> TILE_HEIGHT for number in numbers}
            level += 1
        return wanted

    def _load(self, wanted: set[tuple[int, int]]) -> None:
        """Read these tiles, but for those that are known: the full ones as stored, the filling ones from below."""
        full: dict[int, list[int]] = {}
        is_filling = False
        for level, number in wanted - self._tiles.keys():
            if number < self._width(level) >> TILE_HEIGHT:
                full.setdefault(level, []).append(number)
            else:
                is_filling = True
        if full:
            conditions = [Q(level=level, number__in=numbers) for level, numbers in full.items()]
            rows = Tile.objects.filter(reduce(or_, conditions))
            for level, number, content in rows.values_list("level", "number", "data"):
                self._tiles[level, number] = merkle.pyramid(merkle.in_hashes(bytes(content)))
        if is_filling:
            for level, row in unfinished_rows(self.size).items():
                self._tiles[level, self._width(level) >> TILE_HEIGHT] = merkle.pyramid(row)

    def _width(self, level: int) -> int:
        """How many hashes of complete subtrees this level has."""
        return self.size >> level * TILE_HEIGHT


def stored_hashes(*, level: int, begin: int, end: int) -> list[bytes]:
    """Return the hashes `begin` up to `end` of a level: of leaves, or the roots of the tiles below.

    Raises:
        LogBrokenError: some are missing.
    """
    return _stored_rows({level: range(begin, end)})[level]


def _stored_rows(spans: Mapping[int, range]) -> dict[int, list[bytes]]:
    """Return these hashes of each level: one query for the leaves, one for the levels above them.

    Raises:
        LogBrokenError: some are missing.
    """
    rows: dict[int, list[bytes]] = {level: [] for level in spans}
    if leaves := spans.get(0):
        found = Leaf.objects.filter(index__gte=leaves.start, index__lt=leaves.stop)
        rows[0] = [bytes(hash_) for hash_ in found.order_by("index").values_list("hash", flat=True)]
    if above := [
        Q(level=level - 1, number__gte=span.start, number__lt=span.stop)
        for level, span in spans.items()
        if level and span
    ]:
        tiles = Tile.objects.filter(reduce(or_, above)).order_by("level", "number")
        for level, root in tiles.values_list("level", "root"):
            rows[level + 1].append(bytes(root))
    for level, span in spans.items():
        if len(rows[level]) != len(span):
            raise LogBrokenError(
                f"Hashes {span.start} to {span.stop} of level {level} of the log are missing."
            )
    return rows


def stored_frontier(size: int) -> merkle.Frontier:
    """Return what the stored tree holds of the first `size` leaves.

    Raises:
        LogBrokenError: a tile or leaf of it is missing.
    """
    stored = StoredTree(size)
    heights = [height for height in reversed(range(size.bit_length())) if size >> height & 1]
    return merkle.Frontier(
        size, tuple(stored.node(height, (size >> height) - 1) for height in heights)
    )


def unfinished_rows(size: int) -> dict[int, list[bytes]]:
    """Return, per level, the hashes of the tile that is filling when there are `size` leaves.

    Raises:
        LogBrokenError: some are missing.
    """
    spans: dict[int, range] = {}
    level = 0
    while width := size >> level * TILE_HEIGHT:
        spans[level] = range(width >> TILE_HEIGHT << TILE_HEIGHT, width)
        level += 1
    return _stored_rows(spans)


def completed_tiles(*, size: int, leaves: Sequence[bytes]) -> list[Tile]:
    """Return the tiles, on every level, that become full when these leaves follow the first `size`.

    Raises:
        LogBrokenError: a hash that such a tile needs is missing.
    """
    tiles: list[Tile] = []
    level, start, hashes = 0, size, list(leaves)
    while hashes:
        first = start // TILE_WIDTH
        row = [*stored_hashes(level=level, begin=first * TILE_WIDTH, end=start), *hashes]
        made = [
            tile_of(level=level, number=first + at // TILE_WIDTH, row=row[at : at + TILE_WIDTH])
            for at in range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH)
        ]
        tiles += made
        level, start, hashes = level + 1, first, [bytes(tile.root) for tile in made]
    return tiles


def tile_of(*, level: int, number: int, row: Sequence[bytes]) -> Tile:
    root = merkle.pyramid(row)[-1][0]
    return Tile(level=level, number=number, data=b"".join(row), root=root)
