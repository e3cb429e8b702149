"""Between an event and its rows: the leaf that commits to the event, and the two sealed compartments."""

import secrets
from dataclasses import dataclass
from datetime import UTC
from uuid import UUID, uuid4

from audit import keyring
from audit.canonical import Json, canonical, parse
from audit.events import Event
from audit.leaf import INTERNAL, OPENING_SIZE, SHOWN, Leaf, commitment, subject_tag
from audit.models import Key

_CONTEXTS = {SHOWN: "shown", INTERNAL: "internal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEvent:
    leaf: Leaf
    subject_part: bytes | None
    organisation_part: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPart:
    """A compartment with its opening. `payload` are the exact bytes that the leaf commits to."""

    opening: bytes
    payload: bytes

    def members(self) -> dict[str, Json]:
        """Return what the compartment says.

        Raises:
            CanonicalError: it is not canonical JSON.
        """
        value = parse(self.payload)
        return value if isinstance(value, dict) else {}


def seal_event(*, event: Event, subject_key: Key | None, organisation_key: Key) -> SealedEvent:
    """Seal an event, with a new id, under the key of its data subject (if any) and of the month.

    Raises:
        CanonicalError: the event carries something that JSON in the log cannot hold.
        KeyDestroyedError: a key was destroyed.
    """
    uid = uuid4()
    internal, organisation_part = _sealed(
        key=organisation_key, part=INTERNAL, uid=uid, content=event.internal_part
    )
    tag, shown, subject_part = b"", b"", None
    if subject_key is not None:
        tag = subject_tag(tag_key=keyring.tag_key(subject_key), uid=uid)
        shown, subject_part = _sealed(
            key=subject_key, part=SHOWN, uid=uid, content=event.shown_part
        )
    leaf = Leaf(
        uid=uid,
        kind=event.kind.value,
        actor=event.actor.value,
        at=event.at.astimezone(UTC).replace(microsecond=0),
        subject_tag=tag,
        shown=shown,
        internal=internal,
    )
    return SealedEvent(leaf=leaf, subject_part=subject_part, organisation_part=organisation_part)


def open_part(*, key: Key, part: bytes, uid: UUID, sealed: bytes) -> OpenedPart:
    """Open one compartment of an entry.

    Raises:
        KeyDestroyedError: it is erased.
        SealBrokenError: it was changed or moved.
    """
    content = keyring.open_sealed(key=key, sealed=sealed, context=_context(part, uid))
    return OpenedPart(opening=content[:OPENING_SIZE], payload=content[OPENING_SIZE:])


def _sealed(*, key: Key, part: bytes, uid: UUID, content: dict[str, Json]) -> tuple[bytes, bytes]:
    """Return the commitment to a compartment, and the compartment sealed together with its opening."""
    opening, payload = secrets.token_bytes(OPENING_SIZE), canonical(content)
    return (
        commitment(part=part, uid=uid, opening=opening, payload=payload),
        keyring.seal(key=key, plaintext=opening + payload, context=_context(part, uid)),
    )


def _context(part: bytes, uid: UUID) -> str:
    return f"audit/{_CONTEXTS[part]}/{uid}"
