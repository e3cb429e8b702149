"""The Merkle tree of RFC 6962 section 2.1: leaf hashes, roots, inclusion and consistency proofs.

Pure functions over bytes: nothing here knows what an entry means or where hashes are kept. Whoever
makes a proof passes `node(height, position)`: the hash over the complete subtree of `2**height`
leaves that starts at leaf `position * 2**height`.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Node = Callable[[int, int], bytes]


class ProofError(ValueError):
    """A proof does not lead to the root it was said to lead to."""


def leaf_hash(body: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """What must be remembered of a tree to extend it: the root of each complete subtree, largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    @classmethod
    def from_bytes(cls, *, size: int, content: bytes) -> "Frontier":
        """Read the frontier of a tree of `size` leaves.

        Raises:
            ValueError: it has not one hash for every bit that is set in `size`.
        """
        if len(content) != size.bit_count() * HASH_SIZE:
            raise ValueError(f"This is not the frontier of a tree of {size}.")
        return cls(size, tuple(in_hashes(content)))

    def to_bytes(self) -> bytes:
        return b"".join(self.hashes)

    def extended(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the frontier after these leaf hashes."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            top, full = leaf, size
            while full & 1:
                top, full = node_hash(hashes.pop(), top), full >> 1
            hashes.append(top)
            size += 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        return _folded(self.hashes)


def pyramid(row: Sequence[bytes]) -> list[list[bytes]]:
    """Return the complete subtrees over these hashes: the row itself, then each next height."""
    rows = [list(row)]
    while len(rows[-1]) > 1:
        below = rows[-1]
        rows.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return rows


def inclusion_proof(*, index: int, size: int, node: Node) -> list[bytes]:
    """Return the sibling hashes from leaf `index` up to the root of the first `size` leaves.

    Raises:
        IndexError: there is no leaf `index`.
    """
    if not 0 <= index < size:
        raise IndexError(index)
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_root(middle, end, node))
            end = middle
        else:
            path.append(_range_root(begin, middle, node))
            begin = middle
    return path[::-1]


def consistency_proof(*, first: int, size: int, node: Node) -> list[bytes]:
    """Return the hashes that show that the tree of `first` leaves is the beginning of that of `size`.

    Raises:
        IndexError: there is no such smaller tree.
    """
    if not 0 < first <= size:
        raise IndexError(first)
    path: list[bytes] = []
    begin, end, is_known = 0, size, True
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            path.append(_range_root(middle, end, node))
            end = middle
        else:
            path.append(_range_root(begin, middle, node))
            begin, is_known = middle, False
    if not is_known:
        path.append(_range_root(begin, end, node))
    return path[::-1]


def verify_inclusion(
    *, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that leaf hash `leaf` is number `index` of the `size` leaves whose root is `root`.

    Raises:
        ProofError: it is not, or the proof has the wrong length.
    """
    if not 0 <= index < size:
        raise ProofError(f"There is no entry {index} in a log of {size}.")
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border or any(len(hash_) != HASH_SIZE for hash_ in proof):
        raise ProofError("The proof has not the length of the path to the root.")
    computed = leaf
    for height, sibling in enumerate(proof):
        is_right = height >= inner or index >> height & 1
        computed = node_hash(sibling, computed) if is_right else node_hash(computed, sibling)
    if computed != root:
        raise ProofError(f"Entry {index} is not in the log with this root.")


def verify_consistency(
    *, first: int, first_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the log of `first` entries is the beginning of the log of `size` entries.

    Raises:
        ProofError: it is not, or the proof has the wrong length.
    """
    if not 0 < first <= size:
        raise ProofError(f"A log of {size} cannot continue a log of {first}.")
    if first == size:
        if proof or first_root != root:
            raise ProofError(f"There are two different logs of {size}.")
        return
    inner = ((first - 1) ^ (size - 1)).bit_length()
    low = (first & -first).bit_length() - 1  # height of the last complete subtree of the first log
    is_seeded = first == 1 << low  # then that subtree is the whole first log, and not in the proof
    inner, path = inner - low, list(proof) if is_seeded else list(proof[1:])
    position = (first - 1) >> low
    border = (position >> inner).bit_count()
    expected = inner + border + (0 if is_seeded else 1)
    if len(proof) != expected or any(len(hash_) != HASH_SIZE for hash_ in proof):
        raise ProofError("The proof has not the length that fits these two sizes.")
    seed = first_root if is_seeded else proof[0]
    old, new = _two_roots(seed=seed, path=path, position=position, inner=inner)
    if old != first_root or new != root:
        raise ProofError(f"The log of {size} does not continue the log of {first}.")


def _two_roots(
    *, seed: bytes, path: Sequence[bytes], position: int, inner: int
) -> tuple[bytes, bytes]:
    """Climb from the last subtree that both logs share; only siblings on the left belong to the old one."""
    old = new = seed
    for height, sibling in enumerate(path):
        if height >= inner or position >> height & 1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    return old, new


def _range_root(begin: int, end: int, node: Node) -> bytes:
    """Return the root over leaves `begin` up to `end`; `begin` is where a subtree of that width starts."""
    hashes = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        hashes.append(node(height, begin >> height))
        begin += 1 << height
    return _folded(hashes)


def _folded(subtrees: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees, the largest first."""
    if not subtrees:
        return EMPTY_ROOT
    root = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        root = node_hash(left, root)
    return root


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def in_hashes(content: bytes) -> list[bytes]:
    """Split bytes into hashes of 32.

    Raises:
        ValueError: they do not divide.
    """
    if len(content) % HASH_SIZE:
        raise ValueError("These bytes are not a row of hashes.")
    return [content[i : i + HASH_SIZE] for i in range(0, len(content), HASH_SIZE)]
