"""Proofs out of the stored log: for one entry, and that the log continues an older signed head."""

from uuid import UUID

from django.conf import settings

from audit import logkeys, merkle, tlog_proof, witnessed
from audit.checkpoint import Head
from audit.leaf import SHOWN, in_base64
from audit.models import Checkpoint
from audit.policy import Witnessed
from audit.proof_file import ProofFile
from audit.queries import ROWS, opened
from audit.signers import LogKeys
from audit.tree import StoredTree


class NotProvableError(Exception):
    """There is no such entry about this data subject, it is erased, or it is not signed yet."""


def signers() -> LogKeys:
    """Return the keys of this log, as everyone may know them."""
    return logkeys.known()


def witnessed_by(note: str) -> Witnessed:
    """Return which witnesses of the policy signed this head.

    Raises:
        CheckpointError: a signature is not of the witness that it names.
    """
    return witnessed.policy().witnessed(note)


def proof_of(*, uid: UUID, subject_id: UUID) -> ProofFile:
    """Return the proof file of an entry for the data subject that it is about: six queries at most.

    Raises:
        NotProvableError: it cannot be proven to this data subject, or not yet.
    """
    entry = ROWS.filter(uid=uid, payload__subject_key__owner_id=subject_id).first()
    place = getattr(entry, "place", None)
    signed = witnessed.newest()
    shown = opened(entry, SHOWN) if entry else None
    if entry is None or place is None or signed is None or shown is None:
        raise NotProvableError
    if place.index >= signed.size:
        raise NotProvableError
    proof = tlog_proof.TlogProof(
        index=place.index,
        hashes=tuple(StoredTree(signed.size).inclusion_proof(place.index)),
        note=signed.note,
    )
    return ProofFile(
        leaf=bytes(entry.leaf).decode("ascii"),
        shown=shown.members(),
        opening=in_base64(shown.opening),
        proof=proof.to_text(),
        vkey=logkeys.vkey_under(signed.note),
    )


def continues(older: Head) -> Head:
    """Return the newest signed head, once the log of today has been seen to continue the older one.

    Raises:
        NotProvableError: nothing was signed yet.
        ProofError: it does not: the log was changed since, or lost entries.
    """
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        raise NotProvableError
    root = bytes(newest.root)
    proof = (
        StoredTree(newest.size).consistency_proof(older.size)
        if 0 < older.size <= newest.size
        else []
    )
    merkle.verify_consistency(
        first=older.size, first_root=older.root, size=newest.size, root=root, proof=proof
    )
    return Head(origin=settings.LOG_ORIGIN, size=newest.size, root=root)
