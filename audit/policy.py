"""Whom to trust with a log, and how many witnesses must have seen a head: a file as C2SP tlog-policy. Pure.

log VKEY [URL]
witness NAME VKEY [URL]
group NAME all|any|NUMBER NAME...
quorum NAME|none
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from audit import checkpoint, cosignature
from audit.checkpoint import CheckpointError, Verifier
from audit.cosignature import Cosignature

NOBODY = "none"
_SPACE = re.compile(r"[ \t]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
_LARGEST = 256 * 1024


class PolicyError(ValueError):
    """The file is no policy; the message names the line and says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWitness:
    """A witness, under the name that it has in this file only. Without a URL nobody can ask it."""

    name: str
    verifier: Verifier
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """At least `least` of the members."""

    name: str
    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """Which known witnesses signed a head, and whether they are enough for the policy."""

    by: tuple[Cosignature, ...]
    is_met: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.witness.name for one in self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    logs: tuple[Verifier, ...] = ()
    witnesses: tuple[PolicyWitness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NOBODY

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        return tuple(one.verifier for one in self.witnesses)

    def is_met(self, signed: Collection[Verifier]) -> bool:
        """Return whether these witnesses are enough."""
        said = {NOBODY: True}
        said |= {one.name: one.verifier in signed for one in self.witnesses}
        for group in self.groups:  # a group names only what comes before it
            said[group.name] = sum(said[name] for name in group.members) >= group.least
        return said[self.quorum]

    def witnessed(self, note: str) -> Witnessed:
        """Return who signed this head, of the witnesses in the policy.

        Raises:
            CheckpointError: the note is malformed, or a signature is not of the witness that it names.
        """
        head, signatures = checkpoint.parse_note(note)
        by = cosignature.cosignatures(head=head, signatures=signatures, witnesses=self.verifiers)
        return Witnessed(by=tuple(by), is_met=self.is_met([one.witness for one in by]))

    def to_text(self, *, logs: Sequence[Verifier]) -> str:
        """Return the policy for whoever checks this log, with these keys of it. It tells no address."""
        lines = [f"log {one.to_vkey()}" for one in logs]
        lines += [f"witness {one.name} {one.verifier.to_vkey()}" for one in self.witnesses]
        lines += [f"group {one.name} {one.least} {' '.join(one.members)}" for one in self.groups]
        return "".join(f"{line}\n" for line in (*lines, f"quorum {self.quorum}"))


def parse(content: bytes) -> Policy:
    """Read a policy.

    Raises:
        PolicyError: it is none.
    """
    reader = _Reader()
    if len(content) > _LARGEST:
        raise PolicyError("The file is too large to be a policy.")
    # Names are bytes to the specification: whatever is no UTF-8 stays what it is.
    text = content.decode(errors="surrogateescape").removesuffix("\n")
    for number, line in enumerate(text.split("\n"), start=1):
        words = [word for word in _SPACE.split(line) if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reader.read(line, words)
        except (PolicyError, CheckpointError) as error:
            raise PolicyError(f"Line {number}: {error}") from error
    return reader.policy()


class _Reader:
    """What was read so far."""

    def __init__(self) -> None:
        self._logs: list[Verifier] = []
        self._witnesses: list[PolicyWitness] = []
        self._groups: list[Group] = []
        self._quorum = ""
        self._names: set[str] = {NOBODY}
        self._members: set[str] = set()

    def read(self, line: str, words: Sequence[str]) -> None:
        _require(not _CONTROL.search(line), "it holds a control character.")
        match words:
            case ["log", vkey, *rest]:
                self._read_log(vkey, rest)
            case ["witness", name, vkey, *rest]:
                self._read_witness(name, vkey, rest)
            case ["group", name, least, *members]:
                self._read_group(name, least, members)
            case ["quorum", name]:
                _require(not self._quorum, "there is a quorum already.")
                _require(name in self._names, f"{name} is not named above.")
                self._quorum = name
            case _:
                raise PolicyError("use log, witness, group or quorum, with what belongs to it.")

    def policy(self) -> Policy:
        _require(bool(self._quorum), "There is no line with the quorum, such as: quorum none")
        return Policy(
            logs=tuple(self._logs),
            witnesses=tuple(self._witnesses),
            groups=tuple(self._groups),
            quorum=self._quorum,
        )

    def _read_log(self, vkey: str, rest: Sequence[str]) -> None:
        verifier = checkpoint.parse_vkey(vkey)
        _url(rest)
        _require(verifier.key not in {one.key for one in self._logs}, "this key is named twice.")
        self._logs.append(verifier)

    def _read_witness(self, name: str, vkey: str, rest: Sequence[str]) -> None:
        verifier = cosignature.parse_vkey(vkey)
        keys = {one.verifier.key for one in self._witnesses}
        _require(verifier.key not in keys, "this key is named twice.")
        self._witnesses.append(
            PolicyWitness(name=self._new(name), verifier=verifier, url=_url(rest))
        )

    def _read_group(self, name: str, least: str, members: Sequence[str]) -> None:
        for member in members:
            _require(member in self._names and member != NOBODY, f"{member} is not named above.")
            _require(member not in self._members, f"{member} is a member already.")
            self._members.add(member)
        words: Mapping[str, int] = {"any": 1, "all": len(members)}
        number = int(least) if _NUMBER.fullmatch(least) else words.get(least, 0)
        _require(1 <= number <= len(members), "use any, all or a number up to that of the members.")
        self._groups.append(Group(name=self._new(name), least=number, members=tuple(members)))

    def _new(self, name: str) -> str:
        _require(name not in self._names, f"{name} is named already.")
        self._names.add(name)
        return name


def _url(rest: Sequence[str]) -> str:
    if not rest:
        return ""
    try:
        parts = urlsplit(rest[0])
        is_address = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    _require(
        len(rest) == 1 and bool(is_address), "what follows the key must be one http(s) address."
    )
    return rest[0].rstrip("/")


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001
    if not holds:
        raise PolicyError(otherwise)
