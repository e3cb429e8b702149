"""One entry against its own leaf: the columns beside it, and what its payload opens to."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from audit import keyring
from audit.canonical import CanonicalError, Json
from audit.erasure_checks import Erasures
from audit.events import IN_PAYLOAD
from audit.keyfiles import KeyFileError
from audit.leaf import INTERNAL, SHOWN, Leaf, LeafError, check_commitment, parse_leaf, subject_tag
from audit.models import Key, LogEntry, Payload
from audit.sealing import open_part

EntryFault = tuple[str, str, str]  # table, column, what is wrong


class _PartError(Exception):
    """A compartment is not what the leaf commits to; it lies in `column`."""

    def __init__(self, column: str, what: object) -> None:
        super().__init__(str(what))
        self.column = column


def entry_faults(
    *,
    entry: LogEntry,
    index: int | None,
    payload: Payload | None,
    keys: Mapping[UUID, Key],
    erasures: Erasures,
) -> Iterator[EntryFault]:
    """Name every way in which the rows of this entry differ from its leaf."""
    try:
        leaf = parse_leaf(bytes(entry.leaf))
    except LeafError as error:
        yield "logentry", "leaf", str(error)
        return
    repeated = {"uid": leaf.uid, "kind": leaf.kind, "at": leaf.at, "actor": leaf.actor}
    for column, said in repeated.items():
        if getattr(entry, column) != said:
            yield "logentry", column, "it is not what the leaf says."
    if payload is None:
        if not erasures.may_be_gone(at=leaf.at, index=index):
            yield "payload", "", "the payload is missing."
        return
    for column, what in _payload_faults(leaf=leaf, payload=payload, keys=keys):
        yield "payload", column, what


def _payload_faults(
    *, leaf: Leaf, payload: Payload, keys: Mapping[UUID, Key]
) -> Iterator[tuple[str, str]]:
    try:
        internal = _checked_part(
            leaf,
            part=INTERNAL,
            key=keys.get(payload.organisation_key_id),
            sealed=bytes(payload.organisation_part),
        )
        shown = _checked_subject_part(leaf, payload, keys)
    except _PartError as error:
        yield error.column, str(error)
        return
    confirmed = shown if leaf.shown else internal
    if confirmed is None and not leaf.shown:
        return  # erased: nothing is left to compare the codes with
    confirmed = confirmed or {}  # what was erased of a data subject took its codes along
    for name, in_payload in IN_PAYLOAD.items():
        if getattr(payload, name) != confirmed.get(in_payload, ""):
            yield name, "it is not what the sealed payload says."


def _checked_subject_part(
    leaf: Leaf, payload: Payload, keys: Mapping[UUID, Key]
) -> dict[str, Json] | None:
    present = {
        name for name in ("subject_part", "subject_key_id") if getattr(payload, name) is not None
    }
    if not leaf.shown:
        for column in sorted(present):
            raise _PartError(column, "it names a data subject, and the leaf does not.")
        return {}
    key = keys.get(payload.subject_key_id) if payload.subject_key_id else None
    if payload.subject_key_id is None or payload.subject_part is None:
        if payload.subject_part is not None or key is None or key.destroyed_at is None:
            column = "subject_key_id" if payload.subject_part else "subject_part"
            raise _PartError(column, "the part for the data subject is missing.")
        return None
    shown = _checked_part(leaf, part=SHOWN, key=key, sealed=bytes(payload.subject_part))
    if key is None or shown is None:
        return None
    if subject_tag(tag_key=keyring.tag_key(key), uid=leaf.uid) != leaf.subject_tag:
        raise _PartError("subject_key_id", "the tag in the leaf is of another data subject.")
    return shown


def _checked_part(
    leaf: Leaf, *, part: bytes, key: Key | None, sealed: bytes
) -> dict[str, Json] | None:
    """Return what the compartment says, or None when it is erased."""
    column = "subject_part" if part == SHOWN else "organisation_part"
    if key is None:
        raise _PartError(column.replace("part", "key_id"), "the key of a sealed part is missing.")
    try:
        opened = open_part(key=key, part=part, uid=leaf.uid, sealed=sealed)
        check_commitment(
            committed=leaf.shown if part == SHOWN else leaf.internal,
            part=part,
            uid=leaf.uid,
            opening=opened.opening,
            payload=opened.payload,
        )
        return opened.members()
    except keyring.KeyDestroyedError:
        return None
    except (keyring.SealBrokenError, KeyFileError, LeafError, CanonicalError) as error:
        raise _PartError(column, error) from error
