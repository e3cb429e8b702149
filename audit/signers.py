"""The keys of a log, each with the sizes for which it counts. Pure.

A key makes way for the next: for a while both sign each head, so that whoever knows only one of them
can check it. As text (`/log/vkey`) the first line is the key that signs now. When there were others,
an empty line follows, then a line per key: the vkey, the first size for which it counts, and the
last (`-`: it still does).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from audit import checkpoint
from audit.checkpoint import CheckpointError, Head, Verifier

_STILL = "-"
_FIELDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRange:
    """A key, and the sizes of the log for which it counts: `first` up to and including `last`."""

    verifier: Verifier
    first: int = 0
    last: int | None = None

    def covers(self, size: int) -> bool:
        return self.first <= size and (self.last is None or size <= self.last)

    def to_line(self) -> str:
        last = _STILL if self.last is None else self.last
        return f"{self.verifier.to_vkey()} {self.first} {last}\n"


@dataclass(frozen=True, slots=True)
class LogKeys:
    """All keys of one log, or those that somebody knows, the oldest first. There is at least one."""

    ranges: tuple[KeyRange, ...]

    @classmethod
    def of(cls, *verifiers: Verifier) -> "LogKeys":
        """Return keys of which nothing is known but that they are of the log: they count for every size."""
        return cls(tuple(KeyRange(verifier=verifier) for verifier in verifiers))

    @property
    def newest(self) -> Verifier:
        return self.ranges[-1].verifier

    def at(self, size: int) -> list[Verifier]:
        """Return the keys that count for a head of this size."""
        return [one.verifier for one in self.ranges if one.covers(size)]

    def knows(self, vkey: str) -> bool:
        return any(one.verifier.to_vkey() == vkey for one in self.ranges)

    def head_of(self, note: str) -> Head:
        """Return the head that this note says, once a key that counts for its size has been seen to have signed it.

        Raises:
            CheckpointError: the note is malformed, of another log, or not signed by such a key.
        """
        head, signatures = checkpoint.parse_note(note)
        ours = [one for one in self.ranges if one.verifier.name == head.origin]
        if not ours:
            raise CheckpointError("The checkpoint is of another log than the key.")
        signed = [
            one
            for one in ours
            if checkpoint.is_signed(head=head, signatures=signatures, verifier=one.verifier)
        ]
        if not signed:
            raise CheckpointError("The checkpoint is not signed by the key of the log.")
        if not any(one.covers(head.size) for one in signed):
            raise CheckpointError(
                f"The key that signed the checkpoint does not count for a log of {head.size}."
            )
        return head

    def to_text(self) -> str:
        first = f"{self.newest.to_vkey()}\n"
        if len(self.ranges) == 1:
            return first
        return f"{first}\n" + "".join(one.to_line() for one in self.ranges)


def parse(text: str) -> LogKeys:
    """Read keys as `to_text` writes them.

    Raises:
        CheckpointError: it is something else.
    """
    first, *lines = text.removesuffix("\n").split("\n")
    newest = checkpoint.parse_vkey(first)
    if not lines:
        return LogKeys.of(newest)
    keys = LogKeys(tuple(_range(line) for line in lines[1:]))
    if lines[0] or not keys.ranges or keys.newest != newest:
        raise CheckpointError(
            "The keys of a log are the one that signs now, an empty line and the list of all."
        )
    return keys


def _range(line: str) -> KeyRange:
    parts: Sequence[str] = line.split(" ")
    if (
        len(parts) != _FIELDS
        or not parts[1].isdecimal()
        or not (parts[2] == _STILL or parts[2].isdecimal())
    ):
        raise CheckpointError("A line of the list of keys is a key, the first size and the last.")
    return KeyRange(
        verifier=checkpoint.parse_vkey(parts[0]),
        first=int(parts[1]),
        last=None if parts[2] == _STILL else int(parts[2]),
    )
