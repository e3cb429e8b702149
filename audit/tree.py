"""The Merkle tree as it lies in the database: leaves, full tiles, and the way to any node from there."""

from collections.abc import Iterable, Sequence

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
        return merkle.inclusion_proof(index=index, size=self.size, node=self.node)

    def consistency_proof(self, first: int) -> list[bytes]:
        return merkle.consistency_proof(first=first, size=self.size, node=self.node)

    def node(self, height: int, position: int) -> bytes:
        """Return the hash over a complete subtree.

        Raises:
            LogBrokenError: the tile that holds it is missing.
        """
        level, row = divmod(height, TILE_HEIGHT)
        number, place = divmod(position, TILE_WIDTH >> row)
        if (level, number) not in self._tiles:
            self._load(level, {number})
        try:
            return self._tiles[level, number][row][place]
        except (KeyError, IndexError) as error:
            raise LogBrokenError(f"Tile {level}/{number} of the log is missing.") from error

    def prefetch(self, indexes: Iterable[int]) -> None:
        """Read every tile on the paths of these leaves: one query per level of the tree."""
        if len(self._tiles) > _KEPT:
            self._tiles.clear()
        level, numbers = 0, {index >> TILE_HEIGHT for index in indexes}
        while self._width(level):
            self._load(level, {number for number in numbers if (level, number) not in self._tiles})
            numbers = {number >> TILE_HEIGHT for number in numbers}
            level += 1

    def _load(self, level: int, numbers: set[int]) -> None:
        full = self._width(level) >> TILE_HEIGHT
        if wanted := [number for number in numbers if number < full]:
            rows = Tile.objects.filter(level=level, number__in=wanted)
            for number, content in rows.values_list("number", "data"):
                self._keep(level, number, merkle.in_hashes(bytes(content)))
        if full in numbers:  # the last tile is not full yet, so it is not stored
            row = stored_hashes(level=level, begin=full << TILE_HEIGHT, end=self._width(level))
            self._keep(level, full, row)

    def _keep(self, level: int, number: int, row: Sequence[bytes]) -> None:
        self._tiles[level, number] = merkle.pyramid(row)

    def _width(self, level: int) -> int:
        """How many hashes of complete subtrees this level has."""
        return self.size >> level * TILE_HEIGHT


def stored_hashes(*, level: int, begin: int, end: int) -> list[bytes]:
    """Return the hashes `begin` up to `end` of a level: of leaves, or the roots of the tiles below.

    Raises:
        LogBrokenError: some are missing.
    """
    if begin == end:
        return []
    if level == 0:
        leaves = Leaf.objects.filter(index__gte=begin, index__lt=end).order_by("index")
        hashes = [bytes(leaf.hash) for leaf in leaves.only("hash")]
    else:
        tiles = Tile.objects.filter(level=level - 1, number__gte=begin, number__lt=end)
        hashes = [bytes(tile.root) for tile in tiles.order_by("number").only("root")]
    if len(hashes) != end - begin:
        raise LogBrokenError(f"Hashes {begin} to {end} of level {level} of the log are missing.")
    return hashes


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
    rows: dict[int, list[bytes]] = {}
    level = 0
    while width := size >> level * TILE_HEIGHT:
        begin = width >> TILE_HEIGHT << TILE_HEIGHT
        rows[level] = stored_hashes(level=level, begin=begin, end=width)
        level += 1
    return rows


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
