"""Check every line of an export of the log. Pure: no Django, no database, no network.

The rules of an export (`audit.export` writes it): every line is canonical JSON and ends in a newline.

- The first line names the log, its key, a signed head (C2SP tlog-checkpoint) and the filter.
- Every next line is one entry: its leaf, what the leaf commits to with the opening of each
  commitment (null when erased), and an inclusion proof (RFC 6962) to the root in the signed head.
  The indexes grow.
- The last line holds the number of entries, the SHA-256 of all bytes before it, and a signature by
  the key of the log over both. Nothing follows it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from audit import checkpoint, merkle
from audit.canonical import CanonicalError, Json, canonical, parse
from audit.leaf import (
    INTERNAL,
    SHOWN,
    Leaf,
    LeafError,
    check_commitment,
    from_base64,
    parse_leaf,
)
from audit.signers import LogKeys

FORMAT = "regie-log-export/1"
_HEADER = {"format", "origin", "vkey", "checkpoint", "filter", "exportedAt", "kind"}
_ENTRY = {"index", "leaf", "shown", "shownOpening", "internal", "internalOpening", "proof"}
_TRAILER = {"count", "sha256", "signature"}
_LONGEST_LINE = 4 * 1024 * 1024
_NAMED_FAULTS = 20


class NotAnExportError(ValueError):
    """The file cannot be read as an export at all."""


class _LineError(ValueError):
    """What is wrong with one line."""


def trailer_message(*, count: int, digest: bytes) -> bytes:
    """Return what the key of the log signs at the end of an export; no checkpoint holds a zero byte."""
    return f"{FORMAT}\x00{count}\x00".encode() + digest


@dataclass(slots=True)
class Verdict:
    """What was found. `faults` are pairs of a line number and what is wrong there."""

    count: int = 0
    erased: int = 0
    fault_count: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    verifier: checkpoint.Verifier | None = None
    head: checkpoint.Head | None = None
    checkpoint: str = ""

    def note(self, line: int, what: object) -> None:
        self.fault_count += 1
        if len(self.faults) < _NAMED_FAULTS:
            self.faults.append((line, str(what)))


def verify_export(
    stream: BinaryIO, *, vkey: str | None = None, known: LogKeys | None = None
) -> Verdict:
    """Check every line of an export. `vkey` is the key of the log, or `known` its keys, if known from elsewhere.

    Raises:
        NotAnExportError: the first line is not that of an export.
        CheckpointError: `vkey` is not a verification key.
        OSError: the stream cannot be read.
    """
    trusted = LogKeys.of(checkpoint.parse_vkey(vkey)) if vkey is not None else known
    verdict = Verdict()
    lines = _lines(stream)
    header = next(lines, b"")
    _check_header(header, verdict, trusted)
    digest, number, last_index = hashlib.sha256(header), 1, -1
    last = next(lines, b"")
    for following in lines:
        number += 1
        last_index = _check_entry_line(last, number, last_index, verdict)
        digest.update(last)
        last = following
    _check_trailer(last, number + 1, digest.digest(), verdict)
    return verdict


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(_LONGEST_LINE):
        yield line


def _read(line: bytes) -> Mapping[str, Json]:
    if not line.endswith(b"\n"):
        raise _LineError("The line is not finished.")
    try:
        members = parse(line[:-1])
    except CanonicalError as error:
        raise _LineError(str(error)) from error
    if not isinstance(members, dict):
        raise _LineError("The line is not a JSON object.")
    return members


def _check_header(line: bytes, verdict: Verdict, trusted: LogKeys | None) -> None:
    if not line:
        raise NotAnExportError("The file is empty.")
    try:
        members = _read(line)
    except _LineError as error:
        raise NotAnExportError(f"Line 1 is not the first line of an export: {error}") from error
    if members.get("format") != FORMAT:
        raise NotAnExportError(f"Line 1 does not say that this is an export ({FORMAT}).")
    if set(members) != _HEADER or members["kind"] != "selection":
        verdict.note(1, "The line has not the members of the first line of an export.")
    try:
        _check_head(members, verdict, trusted)
    except (_LineError, checkpoint.CheckpointError) as error:
        verdict.note(1, error)


def _check_head(members: Mapping[str, Json], verdict: Verdict, trusted: LogKeys | None) -> None:
    """Check who signed the export, and the signed head that it leads to."""
    stated = checkpoint.parse_vkey(_text(members, "vkey"))
    keys = trusted or LogKeys.of(stated)
    verdict.verifier = stated
    if not keys.knows(stated.to_vkey()):
        verdict.verifier = keys.newest
        verdict.note(1, "The export names another key than the one you gave.")
    verdict.checkpoint = _text(members, "checkpoint")
    verdict.head = keys.head_of(verdict.checkpoint)
    if verdict.verifier not in keys.at(verdict.head.size):
        verdict.note(1, "The key that signed the export does not count for this head.")
    if members.get("origin") != verdict.head.origin:
        verdict.note(1, "The export names another log than the signed head.")


def _check_entry_line(line: bytes, number: int, last_index: int, verdict: Verdict) -> int:
    """Check one entry; return its index, or the last one when it has none."""
    verdict.count += 1
    try:
        members = _read(line)
        _require(set(members) != _TRAILER, "The export ends here, and something follows.")
        _require(set(members) == _ENTRY, "The line has not the members of an entry.")
        index = _number(members["index"])
        _require(index > last_index, "The index is not higher than the one before.")
        verdict.erased += _check_entry(members, index, verdict.head)
    except (_LineError, LeafError, merkle.ProofError) as error:
        verdict.note(number, error)
        return last_index
    return index


def _check_entry(members: Mapping[str, Json], index: int, head: checkpoint.Head | None) -> bool:
    """Check an entry against its leaf and the signed head; return whether something was erased."""
    body = canonical(members["leaf"])
    leaf = parse_leaf(body)
    is_shown_erased = _check_part(members, "shown", SHOWN, leaf, leaf.shown)
    is_internal_erased = _check_part(members, "internal", INTERNAL, leaf, leaf.internal)
    proof = members["proof"]
    if not isinstance(proof, list):
        raise _LineError("The proof is not a list.")
    if head is not None:
        hashes = [_bytes(hash_, "A hash in the proof") for hash_ in proof]
        merkle.verify_inclusion(
            leaf=merkle.leaf_hash(body), index=index, size=head.size, proof=hashes, root=head.root
        )
    return is_shown_erased or is_internal_erased


def _check_part(
    members: Mapping[str, Json], name: str, part: bytes, leaf: Leaf, committed: bytes
) -> bool:
    """Check a compartment against its commitment; return whether it was erased."""
    payload, opening = members[name], members[f"{name}Opening"]
    if payload is None and opening is None:
        return bool(committed)
    if not committed:
        raise _LineError(f"The entry has no data subject, and yet a part '{name}'.")
    if not isinstance(payload, dict):
        raise _LineError(f"The part '{name}' is not a JSON object.")
    check_commitment(
        committed=committed,
        part=part,
        uid=leaf.uid,
        opening=_bytes(opening, f"The opening of '{name}'"),
        payload=canonical(payload),
    )
    return False


def _check_trailer(line: bytes, number: int, digest: bytes, verdict: Verdict) -> None:
    try:
        _require(bool(line), "The export stops here; its last line is missing.")
        members = _read(line)
        what = "This is not the last line of an export; something was cut off."
        _require(set(members) == _TRAILER, what)
        count = _number(members["count"])
        what = f"There should be {count} entries; found {verdict.count}."
        _require(count == verdict.count, what)
        what = "The lines before this one are not those that were signed."
        _require(members["sha256"] == digest.hex(), what)
        signature = _bytes(members["signature"], "The signature")
        message = trailer_message(count=count, digest=digest)
        is_signed = verdict.verifier and verdict.verifier.accepts(
            message=message, signature=signature
        )
        _require(bool(is_signed), "The signature is not that of the key of the log.")
    except _LineError as error:
        verdict.note(number, error)


def _require(is_so: bool, what: str) -> None:  # noqa: FBT001  # reads as: require this, else say that
    if not is_so:
        raise _LineError(what)


def _number(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _LineError("An index or count is not a number.")
    return value


def _text(members: Mapping[str, Json], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise _LineError(f"The member '{name}' is not text.")
    return value


def _bytes(value: Json, what: str) -> bytes:
    try:
        return from_base64(value if isinstance(value, str) else "-")
    except ValueError as error:
        raise _LineError(f"{what} is not base64.") from error
