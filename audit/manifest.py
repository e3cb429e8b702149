"""The signed list of what is in an export, and the small file that says whose signature counts. Pure.

The signature is by the key of the log over the format, a zero byte and the canonical JSON of all other
members; no signed head holds a zero byte. `files` gives size and SHA-256 of each file. A name that
ends in a slash is a folder of tiles: its SHA-256 is that of what `find FOLDER -type f | LC_ALL=C sort |
xargs sha256sum` prints, so that a file that is missing, extra, swapped or changed is found.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.canonical import Json, canonical
from audit.contents import MANIFEST
from audit.leaf import in_base64
from audit.signers import LogKeys

FORMAT = "regie-export/1"
_PIECE = 1 << 20


def signed(members: Mapping[str, Json], *, key: Ed25519PrivateKey) -> bytes:
    """Return the manifest as it is written."""
    signature = in_base64(key.sign(f"{FORMAT}\x00".encode() + canonical(dict(members))))
    return canonical({**members, "signature": signature}) + b"\n"


def keys(known: LogKeys) -> bytes:
    """Return the keys of the log with the sizes that each may sign, as JSON."""
    members: list[Json] = [
        {"vkey": one.verifier.to_vkey(), "firstSize": one.first, "lastSize": one.last}
        for one in known.ranges
    ]
    return canonical({"keys": members}) + b"\n"


def digests(folder: Path) -> dict[str, Json]:
    """Return size and SHA-256 of every file but the manifest, and of each folder of tiles."""
    found: dict[str, Json] = {}
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            found |= {
                f"tile/{level.name}/": _folder_digest(folder, level) for level in path.iterdir()
            }
        elif path.name != MANIFEST and not path.name.startswith("."):  # still in the making
            size, digest = _digest(path)
            found[path.name] = {"bytes": size, "sha256": digest}
    return found


def _folder_digest(folder: Path, level: Path) -> dict[str, Json]:
    listing, count, total = hashlib.sha256(), 0, 0
    names = [path.relative_to(folder).as_posix() for path in level.rglob("*") if path.is_file()]
    for name in sorted(names):
        size, digest = _digest(folder / name)
        listing.update(f"{digest}  {name}\n".encode())
        count, total = count + 1, total + size
    return {"bytes": total, "files": count, "sha256": listing.hexdigest()}


def _digest(path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()
