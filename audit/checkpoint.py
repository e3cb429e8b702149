"""Signed heads of the log: C2SP tlog-checkpoint notes, signed with Ed25519. Pure.

A note carries no time and no extension lines. A signature by a key that we do not know is ignored,
as the specification asks: that is what lets witnesses and successor keys sign the same note.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.leaf import from_base64, in_base64
from audit.merkle import HASH_SIZE

ED25519 = b"\x01"  # the key of a log
ED25519_COSIGNATURE = b"\x04"  # the key of a witness (C2SP tlog-cosignature)
_KEY_SIZE = 32
KEY_ID_SIZE = 4
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


class Signers(Protocol):
    """Whose signature counts: one key (`Verifier`), or several with their ranges (`audit.signers.LogKeys`)."""

    def head_of(self, note: str) -> Head: ...

    def knows(self, vkey: str) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """A public key and the name it signs under, as in a C2SP vkey: of a log, or (`kind`) of a witness."""

    name: str
    key: bytes
    kind: bytes = ED25519

    @property
    def key_id(self) -> bytes:
        named = f"{self.name}\n".encode()
        return hashlib.sha256(named + self.kind + self.key).digest()[:KEY_ID_SIZE]

    def to_vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{in_base64(self.kind + self.key)}"

    def knows(self, vkey: str) -> bool:
        return vkey == self.to_vkey()

    def head_of(self, note: str) -> Head:
        return verify(note=note, verifier=self)

    def accepts(self, *, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def parse_vkey(vkey: str, *, kind: bytes = ED25519) -> Verifier:
    """Read `name+key id in hex+base64 of the type and the key`.

    Raises:
        CheckpointError: it is malformed, of another kind, or the key id does not fit the key.
    """
    try:
        name, _, encoded = vkey.split("+", 2)
        typed = from_base64(encoded)
    except ValueError as error:
        raise CheckpointError("A verification key reads name+id+key.") from error
    verifier = Verifier(name=name, key=typed[1:], kind=kind)
    is_ours = _NAME.fullmatch(name) and len(typed) == 1 + _KEY_SIZE and typed[:1] == kind
    if not is_ours or verifier.to_vkey() != vkey:
        whose = "of a log" if kind == ED25519 else "of a witness (cosignature/v1)"
        raise CheckpointError(
            f"The verification key is not an Ed25519 key {whose} with its own id."
        )
    return verifier


def verifier_of(*, key: Ed25519PrivateKey, origin: str, kind: bytes = ED25519) -> Verifier:
    """Return the public half of the key of a log, or of a witness.

    Raises:
        CheckpointError: the origin cannot name a log.
    """
    if not _NAME.fullmatch(origin):
        raise CheckpointError(
            "The origin of a log has no spaces, control characters or plus signs."
        )
    return Verifier(name=origin, key=key.public_key().public_bytes_raw(), kind=kind)


def sign(*, head: Head, key: Ed25519PrivateKey) -> str:
    """Return the signed note for this head."""
    return sign_by_each(head=head, keys=[key])


def sign_by_each(*, head: Head, keys: Sequence[Ed25519PrivateKey]) -> str:
    """Return the note for this head, signed by each of these keys of the log."""
    text = head.to_text()
    signers = [(verifier_of(key=key, origin=head.origin), key.sign(text.encode())) for key in keys]
    return f"{text}\n" + "".join(signature_line(*signed) for signed in signers)


def signature_line(verifier: Verifier, signature: bytes) -> str:
    return f"\u2014 {verifier.name} {in_base64(verifier.key_id + signature)}\n"


def parse_note(note: str) -> tuple[Head, list[tuple[str, bytes]]]:
    """Read a note into its head and its signatures: pairs of a name and the key id with the signature.

    Raises:
        CheckpointError: it is not a checkpoint exactly as it should be written.
    """
    text, separator, signatures = note.partition("\n\n")
    lines = text.split("\n")
    if len(note) > _LARGEST_NOTE or not separator or len(lines) != _HEAD_LINES:
        raise CheckpointError("A checkpoint has three lines, an empty line and signatures.")
    return _head(*lines), parse_signatures(signatures)


def verify(*, note: str, verifier: Verifier) -> Head:
    """Return the head that this note says, once the key has been seen to have signed it.

    Raises:
        CheckpointError: the note is malformed, of another log, or not signed by this key.
    """
    head, signatures = parse_note(note)
    if head.origin != verifier.name:
        raise CheckpointError("The checkpoint is of another log than the key.")
    if not is_signed(head=head, signatures=signatures, verifier=verifier):
        raise CheckpointError("The checkpoint is not signed by the key of the log.")
    return head


def is_signed(*, head: Head, signatures: Sequence[tuple[str, bytes]], verifier: Verifier) -> bool:
    """Return whether this key is among those that signed.

    Raises:
        CheckpointError: a signature says that it is of this key, and is not.
    """
    ours, message = bodies_of(verifier, signatures), head.to_text().encode()
    if not all(verifier.accepts(message=message, signature=signature) for signature in ours):
        raise CheckpointError("The signature under the checkpoint is not right.")
    return bool(ours)


def bodies_of(verifier: Verifier, signatures: Sequence[tuple[str, bytes]]) -> list[bytes]:
    """Return what these signatures carry that name this key."""
    claim = (verifier.name, verifier.key_id)
    return [body[KEY_ID_SIZE:] for name, body in signatures if (name, body[:KEY_ID_SIZE]) == claim]


def parse_signatures(lines: str) -> list[tuple[str, bytes]]:
    """Read the lines under a note: pairs of a name and the key id with the signature.

    Raises:
        CheckpointError: one of them is not a signature.
    """
    if not lines.endswith("\n"):
        raise CheckpointError("The checkpoint stops in the middle of a line.")
    return [_signature(line) for line in lines[:-1].split("\n")]


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
    if len(body) <= KEY_ID_SIZE:
        raise CheckpointError("A signature under the checkpoint is too short.")
    return found[1], body
