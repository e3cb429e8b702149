"""One entry, with everything that can be known of it: what is checked about it, and the way to the signed head."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from audit import keyring, logkeys, tlog_proof, witnessed
from audit.entry_checks import entry_faults
from audit.erasure_checks import Erasures
from audit.faults import Fault
from audit.leaf import INTERNAL, SHOWN, Leaf, LeafError, in_base64, parse_leaf
from audit.merkle import leaf_hash
from audit.models import LogEntry
from audit.queries import ROWS, EntryView, opened, view_of
from audit.tree import LogBrokenError, StoredTree
from audit.witnessed import SignedHead


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """`leaf` are the exact bytes as text. A proof is there as soon as a signed head covers the entry.

    `parsed` is None when the bytes are no leaf any more. `faults` name everything that does not agree.
    """

    view: EntryView
    leaf: str
    parsed: Leaf | None
    shown_opening: str
    internal_opening: str
    proof: tlog_proof.TlogProof | None
    signed_size: int | None
    signed_at: datetime | None
    faults: tuple[str, ...]


class UnknownEntryError(Exception):
    """There is no entry with this id."""


def reader_of(uid: UUID) -> UUID | None:
    """Return whom this entry is about; None when it is about nobody, or about somebody who was erased.

    Raises:
        UnknownEntryError: there is no such entry.
    """
    of_key = "payload__subject_key__owner_id", "payload__subject_key__destroyed_at"
    found = LogEntry.objects.filter(uid=uid).values_list(*of_key).first()
    if found is None:
        raise UnknownEntryError
    owner_id, destroyed_at = found
    return owner_id if destroyed_at is None else None


def inspect(uid: UUID) -> Inspection:
    """Return all there is to know of an entry, also when the log is broken.

    Raises:
        UnknownEntryError: there is no such entry.
    """
    entry = ROWS.filter(uid=uid).first()
    if entry is None:
        raise UnknownEntryError
    faults = list(_faults(entry))
    signed = witnessed.newest()
    proof = None
    try:
        proof = _proof(entry, signed)
    except (LogBrokenError, tlog_proof.TlogProofError) as error:
        faults.append(str(error))
    content = bytes(entry.leaf)
    return Inspection(
        view=view_of(entry),
        leaf=content.decode("ascii", errors="replace"),
        parsed=_parsed(content),
        shown_opening=_opening(entry, SHOWN),
        internal_opening=_opening(entry, INTERNAL),
        proof=proof,
        signed_size=signed.size if signed and proof else None,
        signed_at=signed.made_at if signed and proof else None,
        faults=tuple(faults),
    )


def _faults(entry: LogEntry) -> list[str]:
    place, payload = getattr(entry, "place", None), getattr(entry, "payload", None)
    keys = [getattr(payload, name, None) for name in ("subject_key", "organisation_key")]
    found = entry_faults(
        entry=entry,
        index=place.index if place else None,
        payload=payload,
        keys={key.pk: key for key in keys if key},
        erasures=Erasures(),
    )
    faults = [
        Fault(table=f"audit_{table}", column=column, what=what) for table, column, what in found
    ]
    if place and bytes(place.hash) != leaf_hash(bytes(entry.leaf)):
        what = "it is not that of the entry."
        faults.append(Fault(table="audit_leaf", column="hash", what=what))
    return [fault.sentence for fault in faults]


def _proof(entry: LogEntry, signed: SignedHead | None) -> tlog_proof.TlogProof | None:
    """Return the proof, once it was seen to lead to the signed head.

    Raises:
        LogBrokenError: a part of the tree is missing.
        TlogProofError: it does not.
    """
    place = getattr(entry, "place", None)
    if place is None or signed is None or place.index >= signed.size:
        return None
    proof = tlog_proof.TlogProof(
        index=place.index,
        hashes=tuple(StoredTree(signed.size).inclusion_proof(place.index)),
        note=signed.note,
    )
    proof.check(leaf=bytes(entry.leaf), verifier=logkeys.known())
    return proof


def _parsed(content: bytes) -> Leaf | None:
    try:
        return parse_leaf(content)
    except LeafError:
        return None


def _opening(entry: LogEntry, part: bytes) -> str:
    try:
        found = opened(entry, part)
    except keyring.SealBrokenError:
        return ""
    return in_base64(found.opening) if found else ""
