"""What everyone may fetch of the log: the newest signed head, the hashes of the tree and the leaves.

A leaf holds no personal data; what it commits to is not here. Nothing is given out past the newest
checkpoint: a tile that was served never changes.
"""

from collections.abc import Collection
from uuid import UUID

from audit import logkeys, witnessed
from audit.models import Checkpoint, Leaf, Tile
from audit.signers import LogKeys
from audit.tiles import WIDTH, Part
from audit.tree import TILE_HEIGHT, stored_hashes

_LENGTH_SIZE = 2  # C2SP tlog-tiles: the length of each entry, big-endian


def keys() -> LogKeys:
    """Return the keys that verify the signed heads, each with the sizes for which it counts.

    Raises:
        KeyFileError: the key of the log is gone.
    """
    return logkeys.known()


def checkpoint() -> str | None:
    """Return the newest signed head as a note, with what witnesses signed under it; None when there is none yet."""
    newest = witnessed.newest()
    return newest.note if newest else None


def policy() -> str:
    """Return whom to trust with this log, as C2SP tlog-policy.

    Raises:
        KeyFileError: the key of the log is gone.
    """
    return witnessed.policy_text()


def tile(*, level: int, part: Part) -> bytes | None:
    """Return the hashes of a tile; None when the log does not reach so far."""
    if not _is_published(part, count=size() >> level * TILE_HEIGHT):
        return None
    if part.width == WIDTH:
        found = Tile.objects.filter(level=level, number=part.number).first()
        return bytes(found.data) if found else None
    end = part.first + part.width
    return b"".join(stored_hashes(level=level, begin=part.first, end=end))


def bundle(part: Part) -> bytes | None:
    """Return the leaves of a bundle, each after its length; None when the log does not reach so far."""
    if not _is_published(part, count=size()):
        return None
    leaves = Leaf.objects.filter(index__gte=part.first, index__lt=part.first + part.width)
    bodies = leaves.order_by("index").values_list("entry__leaf", flat=True)
    return b"".join(in_bundle(bytes(body)) for body in bodies)


def in_bundle(body: bytes) -> bytes:
    return len(body).to_bytes(_LENGTH_SIZE) + body


def _newest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


def size() -> int:
    """Return how many entries the newest signed head covers."""
    newest = _newest()
    return newest.size if newest else 0


def covered(uids: Collection[UUID]) -> frozenset[UUID]:
    """Return which of these entries the newest signed head covers."""
    places = Leaf.objects.filter(entry__uid__in=uids, index__lt=size())
    return frozenset(places.values_list("entry__uid", flat=True))


def _is_published(part: Part, *, count: int) -> bool:
    return part.first + part.width <= count
