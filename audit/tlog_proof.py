"""Proofs that an entry is in the log, as text (C2SP tlog-proof): index, inclusion proof and signed head. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from audit import checkpoint, merkle
from audit.leaf import from_base64, in_base64

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_LONGEST = 63  # hashes: a tree of 2**63 entries is no taller


class TlogProofError(ValueError):
    """The text is no proof, or it does not prove what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """An inclusion proof for the entry at `index`, in the tree whose signed head is `note`."""

    index: int
    hashes: tuple[bytes, ...]
    note: str

    def to_text(self) -> str:
        lines = [_FIRST_LINE, f"index {self.index}", *map(in_base64, self.hashes)]
        return "\n".join(lines) + f"\n\n{self.note}"

    def check(self, *, leaf: bytes, verifier: checkpoint.Signers) -> checkpoint.Head:
        """Return the signed head, once the leaf has been seen to be in its tree.

        Raises:
            TlogProofError: it is not, or the head is not signed by this key.
        """
        try:
            head = verifier.head_of(self.note)
            merkle.verify_inclusion(
                leaf=merkle.leaf_hash(leaf),
                index=self.index,
                size=head.size,
                proof=self.hashes,
                root=head.root,
            )
        except (checkpoint.CheckpointError, merkle.ProofError) as error:
            raise TlogProofError(str(error)) from error
        return head


def parse(text: str) -> TlogProof:
    """Read a proof, strictly: whatever it is read as, it is written the same way again.

    Extra data, which nobody signed, is not accepted.

    Raises:
        TlogProofError: it is no proof as `to_text` writes it.
    """
    body, separator, note = text.partition("\n\n")
    first, index, *hashes = [*body.split("\n"), ""]
    found = _INDEX.fullmatch(index)
    if first != _FIRST_LINE or not separator or found is None:
        raise TlogProofError("This is not a proof of a transparency log (C2SP tlog-proof).")
    return TlogProof(index=int(found[1]), hashes=_hashes(hashes[:-1]), note=note)


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > _LONGEST:
        raise TlogProofError("The proof is longer than any tree is tall.")
    try:
        hashes = tuple(map(from_base64, lines))
    except ValueError as error:
        raise TlogProofError("A line of the proof is not base64.") from error
    if any(len(one) != merkle.HASH_SIZE for one in hashes):
        raise TlogProofError("A line of the proof is not a hash.")
    return hashes
