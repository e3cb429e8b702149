"""Leaf version 1: the exact bytes that the log hashes for one entry. Pure.

A leaf holds no personal data: an event code, a time in whole seconds, a tag that only the data
subject's own key can recompute, and two commitments to what is kept, sealed, beside the log.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from audit.canonical import CanonicalError, Json, canonical, parse

OPENING_SIZE = 32
TAG_SIZE = 16
LARGEST_LEAF = 65_535  # C2SP tlog-tiles writes the length of an entry in two bytes
SHOWN = b"regie-log/1/shown\x00"
INTERNAL = b"regie-log/1/internal\x00"

_MEMBERS = {"ak", "co", "cs", "ev", "id", "st", "t", "v"}
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class LeafError(ValueError):
    """These bytes are not a leaf, or what is shown beside it is not what it commits to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One entry as it is hashed. Without a data subject `subject_tag` and `shown` are empty."""

    uid: UUID
    kind: str
    actor: str
    at: datetime  # whole seconds, UTC; a claim: the order comes from the index
    subject_tag: bytes
    shown: bytes
    internal: bytes

    def to_json(self) -> dict[str, Json]:
        return {
            "ak": self.actor,
            "co": in_base64(self.internal),
            "cs": in_base64(self.shown),
            "ev": self.kind,
            "id": str(self.uid),
            "st": in_base64(self.subject_tag),
            "t": timestamp(self.at),
            "v": 1,
        }

    def to_bytes(self) -> bytes:
        return canonical(self.to_json())


def parse_leaf(content: bytes) -> Leaf:
    """Read a leaf, strictly: whatever it is read as, it is written the same way again.

    Raises:
        LeafError: it is anything else than a leaf of version 1.
    """
    try:
        return _read(content)
    except (CanonicalError, ValueError) as error:
        raise LeafError(f"This is not a leaf of the log: {error}") from error


def _read(content: bytes) -> Leaf:
    members = parse(content)
    if not isinstance(members, dict) or set(members) != _MEMBERS or members["v"] != 1:
        raise LeafError("other members than those of version 1.")
    text = {name: value for name, value in members.items() if isinstance(value, str)}
    if len(text) != len(_MEMBERS) - 1 or len(content) > LARGEST_LEAF or not content.isascii():
        raise LeafError("a member is not a short text.")
    leaf = Leaf(
        uid=UUID(text["id"]),
        kind=text["ev"],
        actor=text["ak"],
        at=datetime.strptime(text["t"], _TIME).replace(tzinfo=UTC),
        subject_tag=from_base64(text["st"]),
        shown=from_base64(text["cs"]),
        internal=from_base64(text["co"]),
    )
    sizes = (len(leaf.subject_tag), len(leaf.shown), len(leaf.internal))
    if sizes not in {(TAG_SIZE, 32, 32), (0, 0, 32)}:
        raise LeafError("a commitment or the tag has the wrong length.")
    if leaf.to_bytes() != content:
        raise LeafError("it can be written in another way.")
    return leaf


def commitment(*, part: bytes, uid: UUID, opening: bytes, payload: bytes) -> bytes:
    """Return the salted commitment to `payload`, bound to this entry and compartment.

    It hides because the opening is 32 random bytes, and it cannot be moved to another entry.
    """
    return hashlib.sha256(part + uid.bytes + opening + payload).digest()


def check_commitment(
    *, committed: bytes, part: bytes, uid: UUID, opening: bytes, payload: bytes
) -> None:
    """Check that `payload` is what the leaf of this entry commits to.

    Raises:
        LeafError: it is not.
    """
    if len(opening) != OPENING_SIZE or not hmac.compare_digest(
        committed, commitment(part=part, uid=uid, opening=opening, payload=payload)
    ):
        raise LeafError("The content is not what the leaf commits to.")


def subject_tag(*, tag_key: bytes, uid: UUID) -> bytes:
    """Return the tag by which only the holder of the data subject's key recognizes the entry."""
    return hmac.digest(tag_key, uid.bytes, "sha256")[:TAG_SIZE]


def timestamp(at: datetime) -> str:
    """Return a moment as the log writes it."""
    return at.astimezone(UTC).strftime(_TIME)


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def from_base64(text: str) -> bytes:
    """Read base64, refusing every other spelling of the same bytes.

    Raises:
        ValueError: it is not base64 as we write it.
    """
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("this is not base64.") from error
    if in_base64(content) != text:
        raise ValueError("this base64 can be written in another way.")
    return content
