"""Check what came out of the log of Regie, offline. One file; needs Python 3.8 or newer and nothing else.

    python3 -I verify.py [FOLDER_OR_FILE] [--vkey KEY | --keys FILE] [--checkpoint OLDER_HEAD] [--tag-key KEY] [--policy FILE]

FOLDER is an export that you unpacked (by default the folder that this program lies in); FILE is a
selection (JSON Lines) or the proof of one line. Exit code 0: genuine (without --vkey: it agrees with the
key that it names itself). 1: not genuine. 2: unreadable. It stops at the first fault.

Formats: RFC 6962 (the tree), RFC 8032 (Ed25519), RFC 8785 (canonical JSON), and of C2SP: tlog-tiles,
tlog-checkpoint, signed-note, tlog-cosignature, tlog-policy and tlog-proof.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import functools
import hashlib
import hmac
import json
import os
import re
import stat
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO, Callable, Iterator, NamedTuple, NoReturn, Sequence

GENUINE, NOT_GENUINE, UNREADABLE = 0, 1, 2
HEIGHT = 8  # of a tile
WIDTH = 256  # hashes in a full tile, entries in a full bundle
HASH = 32
LARGEST_LEAF = 65_535
LARGEST_FILE = 1 << 20  # of those that are read at once
LONGEST_LINE = 4 << 20
HIGHEST_LEVEL = 7
EXPORT, SELECTION, PROOF = "regie-export/1", "regie-log-export/1", "regie-proof/1"
SHOWN, INTERNAL = b"regie-log/1/shown\x00", b"regie-log/1/internal\x00"
ALWAYS = {"manifest.json", "LEESMIJ.md", "README.md", "verify.py"}
FILES = {
    "complete": ALWAYS | {"checkpoint", "keys.json", "openings.ndjson", "policy"},
    "selection": ALWAYS | {"selection.jsonl"},
    "table": ALWAYS | {"table.csv"},
}


class NotGenuine(Exception):
    """One sentence: the file, the place, and what is wrong there."""


class Unreadable(Exception):
    """There is nothing here that this program can check."""


def refuse(where: object, what: str) -> NoReturn:
    raise NotGenuine(f"{where}: {what}")


# --- Ed25519 (RFC 8032 section 5.1.7), strict: no second way to write a signature or a point -------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def point_of(encoded: bytes) -> Any:
    """Return a point (x, y, z, t), or None when these bytes are none or are written in another way."""
    number = int.from_bytes(encoded, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def added(p: Any, q: Any) -> Any:
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiplied(p: Any, times: int) -> Any:
    product = (0, 1, 1, 0)
    while times:
        if times & 1:
            product = added(product, p)
        p, times = added(p, p), times >> 1
    return product


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether this Ed25519 key made this signature."""
    point, s = point_of(key), int.from_bytes(signature[HASH:], "little")
    if point is None or len(key) != HASH or len(signature) != 2 * HASH or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:HASH] + key + message).digest(), "little") % L
    x, y, z, _ = added(
        multiplied(BASE, s), multiplied((P - point[0], point[1], 1, P - point[3]), k)
    )
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    encoded: bytes = (y | (x & 1) << 255).to_bytes(HASH, "little")
    return encoded == signature[:HASH]


# --- Base64 and JSON, each in the only way to write it ----------------------------------------------------


def unbase64(text: object, where: str, size: int | None = None) -> bytes:
    try:
        content = base64.b64decode(str(text).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        refuse(where, "this is not base64.")
    if base64.b64encode(content).decode() != text or size not in (None, len(content)):
        refuse(where, "this base64 has another length, or can be written in another way.")
    return content


def canonical(value: Any) -> bytes:
    """Return the one way to write a value: UTF-8, keys in the order of UTF-16, no spaces."""
    return json.dumps(ordered(value), ensure_ascii=False, separators=(",", ":")).encode()


def ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: ordered(value[key]) for key in sorted(value, key=lambda k: k.encode("utf-16-be"))
        }
    return [ordered(one) for one in value] if isinstance(value, list) else value


def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice in the JSON.")
    return members


def whole(number: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,16}", number) or abs(int(number)) >= 2**53:
        raise ValueError(f"{number[:20]} is not a whole number.")
    return int(number)


def parse(content: bytes, where: str, *, is_canonical: bool = True) -> dict[str, Any]:
    """Return the JSON object that is written here, in its canonical form unless told otherwise."""
    try:
        hooks: Any = {"parse_int": whole, "parse_float": whole, "parse_constant": whole}
        members = json.loads(content.decode(), object_pairs_hook=unrepeated, **hooks)
        again = canonical(members)
    except UnicodeDecodeError as error:
        refuse(f"{where}, byte {error.start}", "this is not text.")
    except json.JSONDecodeError as error:
        refuse(f"{where}, byte {len(error.doc[: error.pos].encode())}", "this is not JSON.")
    except (ValueError, RecursionError) as error:
        refuse(where, f"this is not JSON as the log writes it: {error}")
    if is_canonical and again != content:
        place = first_difference(again, content)
        refuse(f"{where}, byte {place}", "the JSON is not in its canonical form.")
    if not isinstance(members, dict):
        refuse(where, "this is not a JSON object.")
    return members


def first_difference(one: bytes, other: bytes) -> int:
    shared = min(len(one), len(other))
    return next((place for place in range(shared) if one[place] != other[place]), shared)


def member(members: dict[str, Any], name: str, kind: type, where: str) -> Any:
    value: Any = members.get(name)
    if type(value) is not kind or (isinstance(value, int) and value < 0):
        refuse(where, f"the member '{name}' is missing, or is of another kind.")
    return value


# --- Keys, signed heads and policies (C2SP) ---------------------------------------------------------------

NAME = r"[^\s+\x00-\x20\x7f-\x9f\ud800-\udfff]{1,200}"
LOG_KEY, WITNESS_KEY = 1, 4


class Key(NamedTuple):
    """A public key, the name that it signs under, and for what."""

    name: str
    kind: int
    key: bytes

    @property
    def id(self) -> bytes:
        typed = bytes([self.kind]) + self.key
        return hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:4]


class Head(NamedTuple):
    """A signed head of a log; `text` is what is signed, `signatures` are a name and a key id with a signature."""

    origin: str
    size: int
    root: bytes
    text: bytes
    signatures: list[tuple[str, bytes]]


def read_key(vkey: object, where: str, kind: int = LOG_KEY) -> Key:
    found = re.fullmatch(rf"({NAME})\+([0-9a-f]{{8}})\+(\S+)", str(vkey))
    typed = unbase64(found[3], where) if found else b""
    key = Key(found[1] if found else "", typed[0] if typed else 0, typed[1:])
    is_right = key.kind == kind and len(key.key) == HASH
    if not found or not is_right or key.id.hex() != found[2]:
        refuse(where, "this is not an Ed25519 key of that kind, with its own id (C2SP vkey).")
    return key


def read_head(content: bytes, where: str) -> Head:
    try:
        text, separator, below = content.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        refuse(f"{where}, byte {error.start}", "this is not text.")
    lines = text.split("\n")
    if not separator or len(lines) != 3 or not below.endswith("\n") or len(content) > 100_000:
        refuse(where, "a signed head has three lines, an empty line and finished signatures.")
    if not re.fullmatch(NAME, lines[0]):
        refuse(f"{where}, line 1", "this does not name a log.")
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]) or int(lines[1]) >= 2**63:
        refuse(f"{where}, line 2", "the size is not a plain number.")
    root = unbase64(lines[2], f"{where}, line 3", HASH)
    signatures = []
    for number, line in enumerate(below[:-1].split("\n"), start=5):
        found = re.fullmatch(rf"\u2014 ({NAME}) (\S+)", line)
        body = unbase64(found[2], f"{where}, line {number}") if found else b""
        if not found or len(body) < 5:
            refuse(f"{where}, line {number}", "this is not a signature.")
        signatures.append((found[1], body))
    return Head(lines[0], int(lines[1]), root, f"{text}\n".encode(), signatures)


def check_head(head: Head, key: Key, where: str) -> None:
    """Check that the key of the log signed this head. Signatures by other keys are ignored."""
    if head.origin != key.name:
        refuse(f"{where}, line 1", f"it is of another log ({head.origin}) than the key.")
    ours = [body[4:] for name, body in head.signatures if (name, body[:4]) == (key.name, key.id)]
    if not ours:
        refuse(where, "it is not signed by the key of the log.")
    if not all(is_signed(key.key, head.text, signature) for signature in ours):
        refuse(where, "the signature of the log under it is not right.")


def is_cosigned(head: Head, witness: Key) -> bool:
    for name, body in head.signatures:
        if (name, body[:4]) == (witness.name, witness.id) and len(body) == 4 + 8 + 2 * HASH:
            time = int.from_bytes(body[4:12], "big")
            message = f"cosignature/v1\ntime {time}\n".encode() + head.text
            if is_signed(witness.key, message, body[12:]):
                return True
    return False


def check_policy(content: bytes, head: Head, key: Key, name: str = "policy") -> None:
    """Check that the policy knows the log, and that as many witnesses signed as it asks for."""
    logs: list[Key] = []
    is_met, quorums = {"none": True}, []  # is_met: per name, whether it signed
    for number, words in policy_lines(content):
        where, word, what, rest = f"{name}, line {number}", words[0], "".join(words[1:2]), words[2:]
        if word == "log" and len(rest) < 2:
            logs.append(read_key(what, where))
        elif word == "quorum" and what in is_met and not rest:
            quorums.append(what)
        elif what in is_met or word not in ("witness", "group") or not rest:
            refuse(where, "this is not a line of a policy, or not in its place.")
        elif word == "witness":
            is_met[what] = is_cosigned(head, read_key(rest[0], where, WITNESS_KEY))
        else:
            is_met[what] = is_group_met(rest[0], rest[1:], is_met, where)
    if key not in logs or len(quorums) != 1:
        refuse(name, "it does not name the key of the log, or not one quorum.")
    if not is_met[quorums[0]]:
        refuse("checkpoint", "fewer witnesses signed it than the policy asks for.")


def policy_lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), start=1):
        words = re.findall(r"[^ \t]+", line)
        if words and not words[0].startswith("#"):
            yield number, words


def is_group_met(asked: str, names: list[str], is_met: dict[str, bool], where: str) -> bool:
    number = {"any": "1", "all": str(len(names))}.get(asked, asked)
    is_known = all(name in is_met and name != "none" for name in names)
    is_right = re.fullmatch("[1-9][0-9]{0,3}", number) and int(number) <= len(set(names))
    if not is_known or not is_right or len(set(names)) != len(names):
        refuse(where, "the group is not one of names above it.")
    return sum(is_met[name] for name in names) >= int(number)


# --- The tree (RFC 6962 section 2.1) ----------------------------------------------------------------------


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def folded(row: bytes) -> bytes:
    """Return the root over a full tile."""
    sha256 = hashlib.sha256
    while len(row) > HASH:
        pairs = (row[at : at + 2 * HASH] for at in range(0, len(row), 2 * HASH))
        row = b"".join([sha256(b"\x01" + pair).digest() for pair in pairs])
    return row


class Frontier:
    """The roots of the complete subtrees of what was counted so far, the largest first."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        self.size, self.hashes = size, list(hashes)

    def add(self, hash_: bytes, height: int = 0) -> None:
        full = self.size >> height
        while full & 1:
            hash_, full = node_hash(self.hashes.pop(), hash_), full >> 1
        self.hashes.append(hash_)
        self.size += 1 << height

    def extended(self, row: Sequence[bytes]) -> Frontier:
        longer = Frontier(self.size, self.hashes)
        for hash_ in row:
            longer.add(hash_)
        return longer

    def root(self) -> bytes:
        if not self.hashes:
            return hashlib.sha256().digest()
        return functools.reduce(lambda right, left: node_hash(left, right), reversed(self.hashes))


def check_inclusion(leaf: bytes, index: int, proof: list[bytes], head: Head, where: str) -> None:
    if index >= head.size:
        refuse(where, f"there is no entry {index} in a log of {head.size}.")
    inner = (index ^ (head.size - 1)).bit_length()
    if len(proof) != inner + bin(index >> inner).count("1"):
        refuse(where, "the proof has not the length of the path to the root.")
    computed = leaf_hash(leaf)
    for height, sibling in enumerate(proof):
        is_right = height >= inner or index >> height & 1
        computed = node_hash(sibling, computed) if is_right else node_hash(computed, sibling)
    if computed != head.root:
        refuse(where, f"entry {index} is not in the log with the root that is signed.")


# --- Entries ----------------------------------------------------------------------------------------------

_TEXT = r"[ !#-\[\]-~]{0,64}"
_HASH64 = r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
_TAG64 = r"[A-Za-z0-9+/]{21}[AQgw]=="
LEAF = re.compile(
    (
        rf'\{{"ak":"(?P<actor>{_TEXT})","co":"(?P<internal>{_HASH64})",'
        rf'"cs":"(?P<shown>{_HASH64})?","ev":"(?P<kind>{_TEXT})",'
        r'"id":"(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",'
        rf'"st":"(?P<tag>(?(shown){_TAG64}|))",'
        r'"t":"(?P<at>(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})'
        r'T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)","v":1\}'
    ).encode()
)
OPENING = re.compile(
    (
        rf'\{{"actor":"({_TEXT})","at":"({_TEXT})","index":(0|[1-9][0-9]{{0,17}}),'
        rf'"internal":(null|\{{.*?\}}),"internalOpening":(null|"{_HASH64}"),"kind":"({_TEXT})",'
        rf'"shown":(null|\{{.*?\}}),"shownOpening":(null|"{_HASH64}")\}}\n'
    ).encode()
)
QUOTED = re.compile(f'"{_HASH64}"'.encode())
PLAIN = re.compile(rb':"[ !#-\[\]-~]*"')
LONGEST_MATCHED = 4096  # longer lines are read in the slow way: the expression tries many splits
OPENING_MEMBERS = {
    *("actor", "at", "index", "kind"),
    *("shown", "shownOpening", "internal", "internalOpening"),
}
SELECTED_MEMBERS = OPENING_MEMBERS - {"actor", "at", "kind"} | {"leaf", "proof"}


class Opening(NamedTuple):
    """What one entry says, as bytes of JSON, with the openings of both commitments in base64."""

    line: int
    place: int  # its index in the log
    about: tuple[bytes, bytes, bytes]  # actor, time and kind: what the leaf says too
    shown: tuple[bytes, bytes]
    internal: tuple[bytes, bytes]

    def __str__(self) -> str:
        return f"openings.ndjson, line {self.line} (index {self.place})"


@functools.lru_cache(maxsize=4096)
def is_day(text: bytes) -> bool:
    try:
        return bool(date(int(text[:4]), int(text[5:7]), int(text[8:])))
    except ValueError:
        return False


def leaf_of(content: bytes) -> re.Match[bytes] | None:
    """Return the members of a leaf, when it is one in its canonical form."""
    found = LEAF.fullmatch(content)
    return found if found and is_day(found["day"]) else None


def read_leaf(content: bytes, where: str) -> re.Match[bytes]:
    found = leaf_of(content)
    if not found:
        refuse(where, "this is not a leaf in canonical form.")
    return found


_shapes: set[bytes] = set()


def is_shape_known(line: bytes, begin: int) -> bool:
    """Tell whether a line is an opening in canonical JSON, from what follows its index; the rest is.

    What stays when plain texts are taken out repeats from line to line, and is read strictly once. A
    plain text holds no quote, no escape and nothing that has a second way to write it. Each compartment
    ends where the expression ends it when no other name ends like those after it.
    """
    shape = PLAIN.sub(b':""', line[begin:-1])
    if shape not in _shapes:
        try:
            members = parse(b'{"actor":"","at":"","index":0' + shape, "")
        except NotGenuine:
            return False
        if set(members) != OPENING_MEMBERS or shape.count(b'Opening"') != 2:
            return False
        if len(_shapes) < 1000:
            _shapes.add(shape)
    return True


def read_opening(line: bytes, number: int) -> Opening:
    found = OPENING.fullmatch(line) if len(line) <= LONGEST_MATCHED else None
    if found and is_shape_known(line, found.end(3)):
        actor, at, index, internal, its, kind, shown, its_own = found.groups()
        return Opening(number, int(index), (actor, at, kind), (shown, its_own), (internal, its))
    where = f"openings.ndjson, line {number}"
    members = parse(line[:-1], where)
    check_members(members, OPENING_MEMBERS, where)
    actor, at, kind = (
        member(members, name, str, where).encode() for name in ("actor", "at", "kind")
    )
    return Opening(
        number,
        member(members, "index", int, where),
        (actor, at, kind),
        (canonical(members["shown"]), canonical(members["shownOpening"])),
        (canonical(members["internal"]), canonical(members["internalOpening"])),
    )


def check_members(members: dict[str, Any], expected: set[str], where: str) -> None:
    if set(members) - {"damaged"} != expected or members.get("damaged", True) is not True:
        refuse(where, "the line has not the members that it should have.")
    if "damaged" in members:
        refuse(where, "the organisation could not open this entry: someone changed it.")


def check_parts(
    leaf: re.Match[bytes], shown: tuple[bytes, bytes], internal: tuple[bytes, bytes], where: object
) -> bool:
    """Check both compartments against the commitments in the leaf; return whether one was erased."""
    uid, is_erased = uid_of(leaf), False
    for name, domain, (payload, opening) in (
        ("shown", SHOWN, shown),
        ("internal", INTERNAL, internal),
    ):
        committed = leaf[name]
        if payload == opening == b"null":
            is_erased = is_erased or committed is not None
        elif committed is None:
            refuse(where, f"the entry has no data subject, and yet a part '{name}'.")
        elif not QUOTED.fullmatch(opening) or payload[:1] != b"{":
            refuse(where, f"the part '{name}' is not a JSON object with its opening.")
        else:
            salted = domain + uid + binascii.a2b_base64(opening[1:-1]) + payload
            if hashlib.sha256(salted).digest() != binascii.a2b_base64(committed):
                refuse(where, f"the part '{name}' is not what the leaf commits to.")
    return is_erased


def uid_of(leaf: re.Match[bytes]) -> bytes:
    return binascii.a2b_hex(leaf["id"].replace(b"-", b""))


class Selection:
    """What of the filter of an export can be seen in a leaf: the period and the kinds."""

    def __init__(self, filter_: dict[str, Any]) -> None:
        where = "manifest.json, the filter"
        several = member({"kinds": [], **filter_}, "kinds", list, where)
        kinds = [*several, filter_.get("kind", "")]
        self.kinds = {str(kind).encode() for kind in kinds if kind}
        self.since = self._bound(filter_.get("since"), where)
        self.until = self._bound(filter_.get("until"), where)
        self.is_seen_in_leaf = set(filter_) <= {"since", "until", "kind", "kinds"}

    @staticmethod
    def _bound(moment: Any, where: str) -> bytes:
        """Return the first whole second that is not before this moment."""
        if moment is None:
            return b""
        try:
            at = datetime.fromisoformat(str(moment)).astimezone(timezone.utc)
            if at.microsecond:
                at = at.replace(microsecond=0) + timedelta(seconds=1)
        except (ValueError, OverflowError):
            refuse(where, "a moment in it is none.")
        return f"{at:%Y-%m-%dT%H:%M:%SZ}".encode()

    def holds(self, leaf: re.Match[bytes]) -> bool:
        at = leaf["at"]
        if at < self.since or (self.until and at >= self.until):
            return False
        return not self.kinds or leaf["kind"] in self.kinds


# --- The folder -------------------------------------------------------------------------------------------


def part_name(number: int, width: int) -> str:
    """Return how C2SP tlog-tiles names a tile or bundle, such as x001/x234/067 or 000.p/17."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return name if width == WIDTH else f"{name}.p/{width}"


def parts_of(count: int) -> Iterator[tuple[int, int]]:
    for number in range(-(-count // WIDTH)):
        yield number, min(WIDTH, count - number * WIDTH)


class Folder:
    """The files of an export. Each is read once; what was read is compared with the manifest at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sizes = dict(self._scan(path, ""))
        self._read: dict[str, dict[str, Any]] = {}
        self._listings: dict[str, Any] = {}

    def _scan(self, folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
        for name in sorted(os.listdir(folder)):
            status = os.lstat(folder / name)
            if stat.S_ISDIR(status.st_mode) and prefix.count("/") < 9:
                yield from self._scan(folder / name, f"{prefix}{name}/")
            elif stat.S_ISREG(status.st_mode):
                yield prefix + name, status.st_size
            else:
                refuse(prefix + name, "this is a link or something else that is not a plain file.")

    def read(self, name: str, largest: int = LARGEST_FILE) -> bytes:
        if self.sizes.get(name, 0) > largest:
            refuse(name, f"the file is larger than {largest} bytes.")
        try:
            content = (self.path / name).read_bytes()
        except FileNotFoundError:
            refuse(name, "the file is missing.")
        self._note(name, len(content), hashlib.sha256(content).hexdigest())
        return content

    def lines(self, name: str) -> Iterator[tuple[int, bytes]]:
        digest, size = hashlib.sha256(), 0
        with open(self.path / name, "rb") as stream:
            for number, line in numbered(stream, name):
                digest.update(line)
                size += len(line)
                yield number, line
        self._note(name, size, digest.hexdigest())

    def _note(self, name: str, size: int, digest: str) -> None:
        if not name.startswith("tile/"):
            self._read[name] = {"bytes": size, "sha256": digest}
            return
        level = "/".join(name.split("/")[:2]) + "/"
        found = self._read.setdefault(level, {"bytes": 0, "files": 0})
        listing = self._listings.setdefault(level, hashlib.sha256())
        listing.update(f"{digest}  {name}\n".encode())
        found.update(
            bytes=found["bytes"] + size, files=found["files"] + 1, sha256=listing.hexdigest()
        )

    def check_names(self, expected: set[str], size: int) -> None:
        """Check that there are exactly these files, and those that a tree of this size has."""
        extra = [name for name in self.sizes if name not in expected and not is_tile(name, size)]
        if extra:
            refuse(extra[0], "this file does not belong in the export.")
        for name in sorted(expected - set(self.sizes)):
            refuse(name, "the file is missing.")
        for name in tile_names(size):
            if name not in self.sizes:
                refuse(name, "the file is missing.")

    def check_digests(self, stated: dict[str, Any]) -> None:
        for name in sorted(set(self.sizes) - set(self._read) - {"manifest.json"}):
            if not name.startswith("tile/"):
                self._digest(name)
        del self._read["manifest.json"]
        for name in sorted(set(stated) | set(self._read)):
            if stated.get(name) != self._read.get(name):
                refuse(name, "this is not what the manifest says (size or SHA-256).")

    def _digest(self, name: str) -> None:
        digest, size = hashlib.sha256(), 0
        with open(self.path / name, "rb") as stream:
            for piece in iter(lambda: stream.read(LARGEST_FILE), b""):
                digest.update(piece)
                size += len(piece)
        self._note(name, size, digest.hexdigest())


TILE = re.compile(r"tile/(entries|[0-9])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII)


def is_tile(name: str, size: int) -> bool:
    """Tell whether a tree of this size has this tile or bundle, under exactly this name."""
    found = TILE.fullmatch(name)
    if not found:
        return False
    level = 0 if found[1] == "entries" else int(found[1])
    number = int(re.sub("[x/]", "", found[2]))
    width = min(WIDTH, (size >> HEIGHT * level) - number * WIDTH)
    return width > 0 and name == f"tile/{found[1]}/{part_name(number, width)}"


def tile_names(size: int) -> Iterator[str]:
    for number, width in parts_of(size):
        yield f"tile/entries/{part_name(number, width)}"
    level = 0
    while size >> HEIGHT * level:
        for number, width in parts_of(size >> HEIGHT * level):
            yield f"tile/{level}/{part_name(number, width)}"
        level += 1


def numbered(stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE), b""), start=1):
        if not line.endswith(b"\n"):
            refuse(f"{name}, line {number}", "the line is too long, or not finished.")
        yield number, line


class Options(NamedTuple):
    """What the command line gives besides the export. No keys: the one in the file is all there is."""

    keys: Sequence[tuple[Key, int, Any]] = ()  # each with the first and the last size it counts for
    older: bytes | None = None
    tag_key: bytes = b""
    policy: bytes | None = None

    def vouched(self, head: Head, key: Key) -> list[str]:
        """Check the head against the keys and the policy that were given, if any."""
        if self.keys and key not in keys_for(self.keys, head.size):
            refuse("--keys", f"the key that signed this does not count for a log of {head.size}.")
        if self.policy is None:
            return []
        check_policy(self.policy, head, key, "--policy")
        return ["As many witnesses signed its head as your policy asks for."]


class Walk:
    """One walk over all entries: the tiles, the root, and what is opened."""

    def __init__(
        self, folder: Folder, head: Head, selection: Selection, older: Head | None, tag_key: bytes
    ) -> None:
        self.folder, self.head, self.selection = folder, head, selection
        self.older, self.tag_key = older, tag_key
        self.found: list[str] = []
        self.opened = self.erased = 0
        self._upper: dict[int, tuple[int, list[bytes]]] = {}  # per level, the tile that is filling
        self._openings = (
            read_opening(line, number) for number, line in folder.lines("openings.ndjson")
        )
        self._next = next(self._openings, None)

    def run(self) -> None:
        frontier = Frontier()
        for number, width in parts_of(self.head.size):
            row = self._bundle(number, width)
            self._compare(0, number, row)
            self._check_older(frontier, row)
            if width == WIDTH:
                root = folded(b"".join(row))
                frontier.add(root, height=HEIGHT)
                self._climb(1, root)
            else:
                frontier = frontier.extended(row)
        for level, (number, row) in self._upper.items():
            if row:
                self._compare(level, number, row)
        if frontier.root() != self.head.root:
            refuse("checkpoint, line 3", "the entries in tile/entries do not give this root.")
        if self._next is not None:
            what = f"there is no entry {self._next.place} left to open: the indexes must grow."
            refuse(f"openings.ndjson, line {self._next.line}", what)

    def _bundle(self, number: int, width: int) -> list[bytes]:
        """Read a bundle, look at each entry in it, and return their hashes."""
        name = f"tile/entries/{part_name(number, width)}"
        content = self.folder.read(name, WIDTH * (2 + LARGEST_LEAF))
        hashes, offset, sha256 = [], 0, hashlib.sha256
        for index in range(number * WIDTH, number * WIDTH + width):
            begin = offset + 2
            end = begin + int.from_bytes(content[offset:begin], "big")
            body = content[begin:end]
            leaf = leaf_of(body)
            if end > len(content) or leaf is None:
                what = "the file stops in the middle of" if end > len(content) else "this is not"
                refuse(
                    f"{name}, byte {offset} (index {index})", f"{what} a leaf in canonical form."
                )
            self._entry(index, leaf)
            hashes.append(sha256(b"\x00" + body).digest())
            offset = end
        if offset != len(content):
            refuse(f"{name}, byte {offset}", "something follows the last entry.")
        return hashes

    def _entry(self, index: int, leaf: re.Match[bytes]) -> None:
        opening = self._next
        is_opened = opening is not None and opening.place == index
        if opening is not None and is_opened:
            self._check_opening(opening, leaf)
            self._next = next(self._openings, None)
        if is_opened is not self.selection.holds(leaf) and (
            is_opened or self.selection.is_seen_in_leaf
        ):
            what = "lies outside the filter of the export." if is_opened else "was left out."
            refuse("openings.ndjson", f"entry {index} {what}")
        if self.tag_key and leaf["tag"]:
            self._check_tag(index, leaf)

    def _check_opening(self, opening: Opening, leaf: re.Match[bytes]) -> None:
        if opening.about != leaf.group("actor", "at", "kind"):
            refuse(opening, "its actor, time or kind is not what the leaf says.")
        self.erased += check_parts(leaf, opening.shown, opening.internal, opening)
        self.opened += 1

    def _check_tag(self, index: int, leaf: re.Match[bytes]) -> None:
        tag = hmac.digest(self.tag_key, uid_of(leaf), "sha256")[:16]
        if base64.b64encode(tag) == leaf["tag"]:
            kind, at, actor = (leaf[name].decode() for name in ("kind", "at", "actor"))
            self.found.append(f"Entry {index}: {kind}, at {at}, by {actor}.")

    def _climb(self, level: int, hash_: bytes) -> None:
        number, row = self._upper.setdefault(level, (0, []))
        row.append(hash_)
        if len(row) == WIDTH:
            self._compare(level, number, row)
            self._upper[level] = (number + 1, [])
            self._climb(level + 1, folded(b"".join(row)))

    def _compare(self, level: int, number: int, row: list[bytes]) -> None:
        name = f"tile/{level}/{part_name(number, len(row))}"
        content, expected = self.folder.read(name), b"".join(row)
        if content != expected:
            place = first_difference(content, expected)
            index = (number * WIDTH + place // HASH) << HEIGHT * level
            what = f"from here it does not agree with tile/entries (index {index})."
            refuse(f"{name}, byte {place}", what)

    def _check_older(self, frontier: Frontier, row: list[bytes]) -> None:
        older = self.older
        if older and frontier.size < older.size <= frontier.size + len(row):
            root = frontier.extended(row[: older.size - frontier.size]).root()
            if root != older.root:
                what = f"the first {older.size} entries of the export are not those of this head."
                refuse("--checkpoint", what)


# --- The kinds of export, and the proof of one line -------------------------------------------------------


def check_folder(path: Path, options: Options) -> list[str]:
    folder = Folder(path)
    if not folder.sizes.keys() & (FILES["complete"] | FILES["selection"] | FILES["table"]):
        raise Unreadable(
            "The folder holds no export. Give the folder that came out of the zip file."
        )
    where = "manifest.json"
    content = folder.read(where)
    manifest = parse(content[:-1], where)
    kind, key = check_manifest(manifest, content, options.keys)
    is_complete = kind == "complete"
    if not is_complete and (options.older is not None or options.tag_key):
        raise Unreadable("--checkpoint and --tag-key need a complete export.")
    if kind == "table" and options.policy is not None:
        raise Unreadable("--policy needs a complete export, a selection or a proof.")
    folder.check_names(FILES[kind], manifest["size"] if is_complete else 0)
    check = {"complete": check_complete, "selection": check_selected, "table": check_table}[kind]
    said = check(folder, manifest, key, options)
    folder.check_digests(manifest["files"])
    state = manifest["verification"]
    if state.get("state") == "broken":
        what = f"when this was made, the log did not pass its own check: {state.get('firstFault')}"
        refuse(where, what)
    return said


def check_manifest(
    manifest: dict[str, Any], content: bytes, trusted: Sequence[tuple[Key, int, Any]]
) -> tuple[str, Key]:
    where = "manifest.json"
    if manifest.get("format") != EXPORT or str(manifest.get("kind")) not in FILES:
        raise Unreadable(f"manifest.json: this is not an export of the kind {EXPORT}.")
    kinds = {"size": int, "entries": int, "filter": dict, "files": dict, "verification": dict}
    for name, kind in kinds.items():
        member(manifest, name, kind, where)
    key = chosen_key(manifest.get("vkey"), trusted, where)
    if manifest.get("origin") != key.name:
        refuse(where, "it names another log than its key.")
    unsigned = {name: value for name, value in manifest.items() if name != "signature"}
    signature = unbase64(manifest.get("signature"), where)
    if not is_signed(key.key, f"{EXPORT}\x00".encode() + canonical(unsigned), signature):
        refuse(where, "the signature is not that of the key of the log over these bytes.")
    if content[-1:] != b"\n":
        refuse(f"{where}, byte {len(content)}", "the file does not end with a newline.")
    return str(manifest["kind"]), key


def signer_of(head: Head, known: Sequence[Key], stated: Key, where: str) -> Key:
    """Return the key to check a head with: while a key makes way for another, both sign."""
    claims = {(name, body[:4]) for name, body in head.signatures}
    for key in known or [stated]:
        if (key.name, key.id) in claims or not known:
            return key
    refuse(where, "it names another key than the one you gave.")


def chosen_key(stated: object, trusted: Sequence[tuple[Key, int, Any]], where: str) -> Key:
    key = read_key(stated, where)
    if trusted and key not in [known for known, _, _ in trusted]:
        refuse(where, "it names another key than the one you gave.")
    return key


def check_complete(
    folder: Folder, manifest: dict[str, Any], key: Key, options: Options
) -> list[str]:
    head = read_head(folder.read("checkpoint"), "checkpoint")
    keys = read_keys(folder.read("keys.json"))
    if key not in keys_for(keys, head.size):
        refuse("keys.json", f"the key of the log does not count for a log of {head.size}.")
    check_head(head, key, "checkpoint")
    check_same_head(head, manifest, "checkpoint")
    check_policy(folder.read("policy"), head, key)
    older = None
    if options.older is not None:
        older = read_older(options.older, head, keys)
    walk = Walk(folder, head, Selection(manifest["filter"]), older, options.tag_key)
    walk.run()
    if walk.opened != manifest.get("opened") or manifest["entries"] != head.size:
        refuse("manifest.json", "the number of entries is not that of what is here.")
    said = [
        f"It is the whole of the log {head.origin}, of {head.size} entries: none was left out.",
        f"Number of entries that are opened: {walk.opened}.",
    ]
    if walk.erased:
        said.append(f"Entries with an erased part, which cannot be checked: {walk.erased}.")
    if older:
        said.append(f"It continues the older head, of {older.size} entries.")
    said += options.vouched(head, key)
    if options.tag_key:
        said += [*walk.found, f"Number of entries about this customer: {len(walk.found)}."]
    return said


def check_same_head(head: Head, manifest: dict[str, Any], where: str) -> None:
    if head.size != manifest["size"]:
        refuse(
            f"{where}, line 2", f"its size is {head.size}; manifest.json says {manifest['size']}."
        )
    if base64.b64encode(head.root).decode() != manifest.get("root"):
        refuse(f"{where}, line 3", "its root is not the one in manifest.json.")


def read_keys(content: bytes) -> list[tuple[Key, int, Any]]:
    """Return the keys of the log, each with the first and the last size that it may sign."""
    where, found = "keys.json", []
    for entry in member(parse(content[:-1], where), "keys", list, where):
        if not isinstance(entry, dict) or set(entry) != {"vkey", "firstSize", "lastSize"}:
            refuse(where, "a key in it has not the members that it should have.")
        last = None if entry["lastSize"] is None else member(entry, "lastSize", int, where)
        key = read_key(entry["vkey"], where)
        found.append((key, member(entry, "firstSize", int, where), last))
    return found


def keys_for(keys: Sequence[tuple[Key, int, Any]], size: int) -> list[Key]:
    return [key for key, first, last in keys if first <= size and (last is None or size <= last)]


def read_older(content: bytes, head: Head, keys: list[tuple[Key, int, Any]]) -> Head:
    where = "--checkpoint"
    older = read_head(content, where)
    known = [key for key in keys_for(keys, older.size) if key.name == older.origin]
    if not known:
        refuse(where, "it is of another log, or of a size that no key of this log counts for.")
    if not 0 < older.size <= head.size:
        refuse(where, f"a log of {head.size} cannot continue one of {older.size}.")
    claims = {(name, body[:4]) for name, body in older.signatures}
    check_head(older, next((key for key in known if (key.name, key.id) in claims), known[0]), where)
    return older


def check_selected(
    folder: Folder, manifest: dict[str, Any], key: Key, options: Options
) -> list[str]:
    name = "selection.jsonl"
    found = check_lines(folder.lines(name), name, [(key, 0, None)])
    check_same_head(found.head, manifest, f"{name}, line 1, the signed head")
    if found.count != manifest["entries"] or found.filter != manifest["filter"]:
        refuse(f"{name}, line 1", "its filter or number of entries is not that of manifest.json.")
    return [*found.said(), *options.vouched(found.head, key)]


def check_table(
    _folder: Folder, manifest: dict[str, Any], _key: Key, _options: Options
) -> list[str]:
    return [
        f"The table is the one that was exported. Number of rows: {manifest['entries']}.",
        "A table proves nothing about single lines: look them up in a complete export.",
    ]


class Lines:
    """What a selection was found to hold."""

    def __init__(self, members: dict[str, Any], head: Head, key: Key) -> None:
        self.filter, self.head, self.key = members["filter"], head, key
        self.count = self.erased = 0

    def said(self) -> list[str]:
        said = [
            f"Number of entries: {self.count}.",
            f"Each of them is in the log {self.head.origin}, of {self.head.size} entries.",
        ]
        if self.erased:
            said.append(f"Entries with an erased part, which cannot be checked: {self.erased}.")
        if self.count == self.head.size:
            return [*said, "It is the whole of that log up to that moment: none was left out."]
        return [*said, "The export is a selection: it does not prove that none was left out."]


def check_lines(
    lines: Iterator[tuple[int, bytes]], name: str, trusted: Sequence[tuple[Key, int, Any]]
) -> Lines:
    """Check a selection: its first line, each entry with its proof, and the last line."""
    number, line = next(lines, (0, b""))
    key, found = read_first(line, f"{name}, line 1", trusted)
    digest, last, is_closed = hashlib.sha256(line), -1, False
    for number, line in lines:
        where = f"{name}, line {number}"
        if is_closed:
            refuse(where, "something follows the last line.")
        members = parse(line[:-1], where)
        if set(members) == {"count", "sha256", "signature"}:
            check_last(members, found.count, digest.digest(), key, where)
            is_closed = True
        else:
            last = check_selected_line(members, last, found, where)
            digest.update(line)
    if not is_closed:
        refuse(f"{name}, line {number + 1}", "the last line is missing: something was cut off.")
    return found


def read_first(
    line: bytes, where: str, trusted: Sequence[tuple[Key, int, Any]]
) -> tuple[Key, Lines]:
    members = parse(line[:-1], where)
    names = {"format", "origin", "vkey", "checkpoint", "filter", "exportedAt", "kind"}
    if set(members) != names or (members["format"], members["kind"]) != (SELECTION, "selection"):
        refuse(where, "this is not the first line of a selection.")
    key = chosen_key(members["vkey"], trusted, where)
    head = read_head(
        member(members, "checkpoint", str, where).encode(), f"{where}, the signed head"
    )
    check_head(head, key, f"{where}, the signed head")
    if members["origin"] != head.origin:
        refuse(where, "it names another log than the signed head.")
    return key, Lines(members, head, key)


def check_selected_line(members: dict[str, Any], last: int, found: Lines, where: str) -> int:
    check_members(members, SELECTED_MEMBERS, where)
    index: int = member(members, "index", int, where)
    proof: list[Any] = member(members, "proof", list, where)
    if index <= last:
        refuse(where, "the index is not higher than the one before.")
    body = canonical(members["leaf"])
    shown, internal = (
        (canonical(members[name]), canonical(members[f"{name}Opening"]))
        for name in ("shown", "internal")
    )
    found.erased += check_parts(read_leaf(body, where), shown, internal, where)
    check_inclusion(body, index, [unbase64(one, where, HASH) for one in proof], found.head, where)
    found.count += 1
    return index


def check_last(members: dict[str, Any], count: int, digest: bytes, key: Key, where: str) -> None:
    if member(members, "count", int, where) != count:
        refuse(where, f"there should be {members['count']} entries; found {count}.")
    if members["sha256"] != digest.hex():
        refuse(where, "the lines before this one are not those that were signed.")
    message = f"{SELECTION}\x00{count}\x00".encode() + digest
    if not is_signed(key.key, message, unbase64(members["signature"], where)):
        refuse(where, "the signature is not that of the key of the log.")


TLOG_PROOF = (
    r"c2sp\.org/tlog-proof@v1\nindex (0|[1-9][0-9]{0,18})\n((?:[A-Za-z0-9+/=]+\n){0,63})\n(.*)"
)


def check_proof(content: bytes, name: str, options: Options) -> list[str]:
    """Check the proof of one line: its leaf, what that says, and its way to the signed head."""
    members = parse(content, name, is_canonical=False)
    if members.get("format") != PROOF:
        refuse(name, f"this is not a proof of the kind {PROOF}.")
    names = ("leaf", "shownOpening", "tlogProof", "vkey")
    body, opening, text, vkey = (member(members, one, str, name) for one in names)
    if set(members) != {"format", "shown", "explanation", *names}:
        refuse(name, "the file has not the members of a proof.")
    stated, where = read_key(vkey, name), f"{name}, tlogProof"
    leaf = read_leaf(body.encode(), f"{name}, leaf")
    shown = canonical(member(members, "shown", dict, name)), canonical(opening)
    check_parts(leaf, shown, (b"null", b"null"), f"{name}, shown")
    found = re.fullmatch(TLOG_PROOF, text, re.DOTALL)
    if not found:
        refuse(where, "this is not a proof of a transparency log (C2SP tlog-proof).")
    index, hashes, note = found.groups()
    head = read_head(note.encode(), where)
    known = [one for one, _, _ in options.keys]
    key = stated if stated in known else signer_of(head, known, stated, name)
    check_head(head, key, where)
    way = [unbase64(line, where, HASH) for line in hashes.splitlines()]
    check_inclusion(body.encode(), int(index), way, head, where)
    kind, at, actor = (leaf[one].decode() for one in ("kind", "at", "actor"))
    return [
        f"The line has index {index} in {head.origin}, a log of {head.size}.",
        f"It says: {kind}, at {at}, by {actor}.",
        *(f"  {one}: {value}" for one, value in sorted(members["shown"].items())),
        *options.vouched(head, key),
    ]


# --- The command line -------------------------------------------------------------------------------------


def check_file(path: Path, options: Options) -> list[str]:
    if options.older is not None or options.tag_key:
        raise Unreadable("--checkpoint and --tag-key need the folder of a complete export.")
    with open(path, "rb") as stream:
        start = stream.readline(LONGEST_LINE)
        if start.startswith(b"PK"):
            raise Unreadable("This is a zip file. Unpack it first, and give the folder.")
        stream.seek(0)
        if SELECTION.encode() in start:
            found = check_lines(numbered(stream, path.name), path.name, options.keys)
            return [*found.said(), *options.vouched(found.head, found.key)]
        content = stream.read(LARGEST_FILE)
    if f'"format": "{PROOF}"'.encode() in content[:200]:
        return check_proof(content, path.name, options)
    raise Unreadable("This is neither an export of the log nor the proof of a line.")


def options_of(given: argparse.Namespace) -> Options:
    try:
        keys = [(read_key(vkey, "--vkey"), 0, None) for vkey in given.vkey or []]
        if given.keys is not None:
            keys += read_key_list(given.keys.read_bytes())
        tag_key = b"" if given.tag_key is None else read_tag_key(given.tag_key)
    except NotGenuine as error:
        raise Unreadable(str(error)) from error
    older = None if given.checkpoint is None else given.checkpoint.read_bytes()
    policy = None if given.policy is None else given.policy.read_bytes()
    return Options(keys, older, tag_key, policy)


def read_key_list(content: bytes) -> list[tuple[Key, int, Any]]:
    """Read the keys of a log as it publishes them: the one that signs now, and then all with their sizes."""
    lines = content.decode("utf-8", "replace").rstrip("\n").split("\n")
    newest, found = read_key(lines[0], "--keys, line 1"), []
    for number, line in enumerate(lines[2:], start=3):
        words, where = line.split(" "), f"--keys, line {number}"
        if not re.fullmatch(r"\S+ [0-9]{1,18} (?:-|[0-9]{1,18})", line, re.ASCII):
            refuse(where, "this is not a key with its first and its last size.")
        last = None if words[2] == "-" else int(words[2])
        found.append((read_key(words[0], where), int(words[1]), last))
    return found or [(newest, 0, None)]


def read_tag_key(given: str) -> bytes:
    """Read the key of a customer, or the file that the customer got it in."""
    where = "--tag-key"
    if os.path.isfile(given):
        members = parse(Path(given).read_bytes(), where, is_canonical=False)
        given = member(members, "tagKey", str, where)
    return unbase64(given, where, HASH)


def say(sentences: Sequence[str], code: int) -> int:
    # Never a control character from a file, whatever the terminal can show.
    sys.stdout.write("".join(f"{ascii(one)[1:-1]}\n" for one in sentences))
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Check what the command line names; return the exit code."""
    parser = argparse.ArgumentParser(prog="verify.py", description=__doc__.split("\n\n")[0])
    here, add = Path(__file__).resolve().parent, parser.add_argument
    add("path", nargs="?", type=Path, default=here, help="the export, or the proof of one line")
    add(
        "--vkey",
        action="append",
        help="the key of the log, as you know it from elsewhere",
    )
    add("--keys", type=Path, help="instead, all keys of the log: what it publishes at /log/vkey")
    add("--checkpoint", type=Path, help="an older signed head, which the export must continue")
    add(
        "--tag-key", help="of a customer, or the file with it: list every entry about this customer"
    )
    add(
        "--policy",
        type=Path,
        help="whom you trust (C2SP tlog-policy): as many witnesses must have signed",
    )
    given = parser.parse_args(arguments)
    try:
        options = options_of(given)
        check: Callable[[Path, Options], list[str]] = (
            check_folder if given.path.is_dir() else check_file
        )
        said = check(given.path, options)
    except NotGenuine as error:
        return say([str(error), "It is not genuine."], NOT_GENUINE)
    except Unreadable as error:
        return say([str(error)], UNREADABLE)
    except OSError as error:
        return say([f"{error.filename} cannot be read: {error.strerror}."], UNREADABLE)
    if options.keys:
        return say(["It is genuine.", *said], GENUINE)
    warning = (
        "Warning: the key was taken from the file itself. Ask the organisation for its key in another "
        "way and give it with --vkey; otherwise anyone could have made this."
    )
    return say(["It is consistent with the key in the file.", *said, warning], GENUINE)


if __name__ == "__main__":
    sys.exit(main())
