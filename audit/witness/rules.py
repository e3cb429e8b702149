"""What a witness asks of a head before it signs: C2SP tlog-witness, `add-checkpoint`. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from audit import checkpoint, merkle
from audit.checkpoint import CheckpointError, Head, Verifier
from audit.leaf import from_base64, in_base64

LARGEST_REQUEST = 64 * 1024
TEXT, SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"
MOST_PROOF_LINES = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")

Logs = Mapping[str, Sequence[Verifier]]  # the keys of each log, by its origin


class RefusedError(Exception):
    """The witness does not sign; `body` says why, in the way that the specification asks for."""

    def __init__(self, status: HTTPStatus, body: str, kind: str = TEXT) -> None:
        super().__init__(body)
        self.status, self.body, self.kind = status, f"{body}\n", kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The newest head of a log that the witness signed."""

    size: int = 0
    root: bytes = merkle.EMPTY_ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A head to sign, and the proof that it continues the tree of the first `old` entries."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def to_bytes(self) -> bytes:
        lines = [f"old {self.old}", *map(in_base64, self.proof)]
        return ("\n".join(lines) + f"\n\n{self.note}").encode()


def known_logs(vkeys: Sequence[str]) -> Logs:
    """Return the logs that these keys are of.

    Raises:
        CheckpointError: one of them is not the key of a log.
    """
    logs: dict[str, list[Verifier]] = {}
    for vkey in vkeys:
        verifier = checkpoint.parse_vkey(vkey)
        logs.setdefault(verifier.name, []).append(verifier)
    return logs


def parse(body: bytes) -> Question:
    """Read what was asked.

    Raises:
        RefusedError: it is not as the specification says.
    """
    if len(body) > LARGEST_REQUEST:
        raise _malformed(f"A request has at most {LARGEST_REQUEST} bytes.")
    try:
        above, separator, note = body.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        raise _malformed("The request is not text.") from error
    first, *lines = above.split("\n")
    found = _OLD.fullmatch(first)
    if not separator or found is None:
        raise _malformed("A request is an old size, a proof, an empty line and a checkpoint.")
    if len(lines) > MOST_PROOF_LINES:
        raise _malformed(f"A proof has at most {MOST_PROOF_LINES} lines.")
    return Question(old=int(found[1]), proof=tuple(map(_hash, lines)), note=note)


def head_of(question: Question, *, logs: Logs) -> Head:
    """Return the head that is asked about, once it has been seen to be of a log that the witness knows.

    Raises:
        RefusedError: it is not, or it is malformed.
    """
    try:
        head, signatures = checkpoint.parse_note(question.note)
    except CheckpointError as error:
        raise _malformed(str(error)) from error
    if head.origin not in logs:
        raise RefusedError(HTTPStatus.NOT_FOUND, "This witness does not know that log.")
    if not any(_is_signed(head, signatures, key) for key in logs[head.origin]):
        raise RefusedError(HTTPStatus.FORBIDDEN, "No key of that log signed the checkpoint.")
    if question.old > head.size:
        raise _malformed("The old size is larger than that of the checkpoint.")
    return head


def require_growth(question: Question, *, head: Head, seen: Seen) -> None:
    """Check that the head continues what the witness signed before.

    Raises:
        RefusedError: it does not, or another head was signed meanwhile.
    """
    is_another_root = head.size == seen.size and head.root != seen.root
    if question.old != seen.size or is_another_root:
        raise RefusedError(HTTPStatus.CONFLICT, str(seen.size), SIZE)
    if question.old == 0:
        _require(not question.proof, "There is nothing to prove from nothing.")
        return
    try:
        merkle.verify_consistency(
            first=seen.size,
            first_root=seen.root,
            size=head.size,
            root=head.root,
            proof=question.proof,
        )
    except merkle.ProofError as error:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001
    if not holds:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, otherwise)


def _is_signed(head: Head, signatures: Sequence[tuple[str, bytes]], key: Verifier) -> bool:
    try:
        return checkpoint.is_signed(head=head, signatures=signatures, verifier=key)
    except CheckpointError:
        return False


def _hash(line: str) -> bytes:
    try:
        hash_ = from_base64(line)
    except ValueError as error:
        raise _malformed("A line of the proof is not base64.") from error
    if len(hash_) != merkle.HASH_SIZE:
        raise _malformed("A line of the proof is not a hash.")
    return hash_


def _malformed(why: str) -> RefusedError:
    return RefusedError(HTTPStatus.BAD_REQUEST, why)
