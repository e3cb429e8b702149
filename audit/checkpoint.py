"""Signed heads of the log: C2SP tlog-checkpoint notes, signed with Ed25519. Pure.

A note carries no time and no extension lines. A signature by a key that we do not know is ignored,
as the specification asks: that is what lets witnesses and successor keys sign the same note.
"""

import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.leaf import from_base64, in_base64
from audit.merkle import HASH_SIZE

_ED25519 = b"\x01"
_KEY_SIZE = 32
_KEY_ID_SIZE = 4
_HEAD_LINES = 3
_LARGEST_NOTE = 100_000
_NAME = re.compile(r"[^\s+\x00-\x20\x7f-\x9f]{1,200}")
_SIGNATURE = re.compile(r"\u2014 (\S+) (\S+)")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class CheckpointError(ValueError):
    """A checkpoint is malformed, or not signed by the key that should have signed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The size and the root of the log named `origin`."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> str:
        return f"{self.origin}\n{self.size}\n{in_base64(self.root)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """A public key and the name it signs under, as in a C2SP vkey."""

    name: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(f"{self.name}\n".encode() + _ED25519 + self.key).digest()[
            :_KEY_ID_SIZE
        ]

    def to_vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{in_base64(_ED25519 + self.key)}"

    def accepts(self, *, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def parse_vkey(vkey: str) -> Verifier:
    """Read `name+key id in hex+base64 of the type and the key`.

    Raises:
        CheckpointError: it is malformed, or the key id does not fit the key.
    """
    try:
        name, _, encoded = vkey.split("+", 2)
        typed = from_base64(encoded)
    except ValueError as error:
        raise CheckpointError("A verification key reads name+id+key.") from error
    verifier = Verifier(name=name, key=typed[1:])
    is_ours = _NAME.fullmatch(name) and len(typed) == 1 + _KEY_SIZE and typed[:1] == _ED25519
    if not is_ours or verifier.to_vkey() != vkey:
        raise CheckpointError("The verification key is not an Ed25519 key with its own id.")
    return verifier


def verifier_of(*, key: Ed25519PrivateKey, origin: str) -> Verifier:
    """Return the public half of a log key.

    Raises:
        CheckpointError: the origin cannot name a log.
    """
    if not _NAME.fullmatch(origin):
        raise CheckpointError(
            "The origin of a log has no spaces, control characters or plus signs."
        )
    return Verifier(name=origin, key=key.public_key().public_bytes_raw())


def sign(*, head: Head, key: Ed25519PrivateKey) -> str:
    """Return the signed note for this head."""
    verifier, text = verifier_of(key=key, origin=head.origin), head.to_text()
    signature = in_base64(verifier.key_id + key.sign(text.encode()))
    return f"{text}\n\u2014 {head.origin} {signature}\n"


def parse_note(note: str) -> tuple[Head, list[tuple[str, bytes]]]:
    """Read a note into its head and its signatures: pairs of a name and the key id with the signature.

    Raises:
        CheckpointError: it is not a checkpoint exactly as it should be written.
    """
    text, separator, signatures = note.partition("\n\n")
    lines = text.split("\n")
    if len(note) > _LARGEST_NOTE or not separator or len(lines) != _HEAD_LINES:
        raise CheckpointError("A checkpoint has three lines, an empty line and signatures.")
    head = _head(*lines)
    if not signatures.endswith("\n"):
        raise CheckpointError("The checkpoint stops in the middle of a line.")
    return head, [_signature(line) for line in signatures[:-1].split("\n")]


def verify(*, note: str, verifier: Verifier) -> Head:
    """Return the head that this note says, once the key has been seen to have signed it.

    Raises:
        CheckpointError: the note is malformed, of another log, or not signed by this key.
    """
    head, signatures = parse_note(note)
    if head.origin != verifier.name:
        raise CheckpointError("The checkpoint is of another log than the key.")
    claim = (verifier.name, verifier.key_id)
    ours = [
        body[_KEY_ID_SIZE:] for name, body in signatures if (name, body[:_KEY_ID_SIZE]) == claim
    ]
    if not ours:
        raise CheckpointError("The checkpoint is not signed by the key of the log.")
    message = head.to_text().encode()
    if not all(verifier.accepts(message=message, signature=signature) for signature in ours):
        raise CheckpointError("The signature under the checkpoint is not right.")
    return head


def _head(origin: str, size: str, root: str) -> Head:
    if not _NAME.fullmatch(origin):
        raise CheckpointError("The checkpoint names no log.")
    if not _SIZE.fullmatch(size) or int(size) >= 2**63:
        raise CheckpointError("The size in the checkpoint is not a plain number.")
    try:
        hash_ = from_base64(root)
    except ValueError as error:
        raise CheckpointError("The root in the checkpoint is not base64.") from error
    if len(hash_) != HASH_SIZE:
        raise CheckpointError("The root in the checkpoint is not a hash.")
    return Head(origin=origin, size=int(size), root=hash_)


def _signature(line: str) -> tuple[str, bytes]:
    found = _SIGNATURE.fullmatch(line)
    if found is None or not _NAME.fullmatch(found[1]):
        raise CheckpointError("A line under the checkpoint is not a signature.")
    try:
        body = from_base64(found[2])
    except ValueError as error:
        raise CheckpointError("A signature under the checkpoint is not base64.") from error
    if len(body) <= _KEY_ID_SIZE:
        raise CheckpointError("A signature under the checkpoint is too short.")
    return found[1], body
