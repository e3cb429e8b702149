"""The master keys, which wrap every data key and are never in the database: one file for each epoch.

`master.key` is the first epoch, `master-2.key` the second. There is one file, but for the time in which
`audit.operations.rotate_master_key` wraps the keys again. The newest wraps; the others only open.
Another process may change the files at any moment, so the folder is looked at each time.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from audit.keyfiles import KeyFileError, destroy_file, destroy_leftovers, read_or_make
from audit.leaf import from_base64, in_base64
from audit.models import Key

KEY_SIZE = 32
_RESTORE = "Restore master.key from your backup."
_FILE = re.compile(r"master(?:-([2-9]|[1-9][0-9]{1,5}))?\.key")
_REST = ""  # the label of the key from which those of all other labels are made
# What was looked up by a keyed hash before there were epochs. These hashes must stay as they are.
_FIRST_LABELS = (
    *("email", "reference", "recovery-code", "pseudonym"),
    *("throttle/password-account", "throttle/password-address", "throttle/code-address"),
)


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The key of one epoch. `index` are the keys for look-ups, per label: they outlive every epoch."""

    id: str
    key: bytes
    epoch: int
    index: Mapping[str, bytes] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Masters:
    """Every master key that there is a file of. `moment` tells one state of the folder from another."""

    by_id: Mapping[str, MasterKey]
    moment: int

    @property
    def current(self) -> MasterKey:
        return max(self.by_id.values(), key=lambda master: master.epoch)

    @property
    def older(self) -> list[MasterKey]:
        return [master for master in self.by_id.values() if master != self.current]


def masters() -> Masters:
    """Return the master keys, making the first one when nothing was sealed yet.

    Raises:
        KeyFileError: a file is gone or damaged, or the database was sealed by another key.
    """
    folder = settings.KEYS_DIR
    return _masters(folder, _moment(folder))


def is_gone(master: MasterKey) -> bool:
    """Return whether this epoch ended, whatever this process remembers."""
    return not _path(settings.KEYS_DIR, master.epoch).exists()


def has_changed() -> bool:
    """Return whether an epoch began or ended so soon after the last look that the folder did not tell."""
    folder = settings.KEYS_DIR
    there = {path.name for path in folder.glob("master*.key") if _FILE.fullmatch(path.name)}
    return there != {_path(folder, master.epoch).name for master in masters().by_id.values()}


def index_key(label: str) -> bytes:
    """Return the key of the hashes with this label; it is the same in every epoch."""
    keys = masters().current.index
    known = keys.get(label)
    return known if known is not None else derived(keys[_REST], f"regie/blind-index/2/{label}")


def derived(key: bytes, purpose: str) -> bytes:
    """Derive a key for one purpose (HKDF, RFC 5869)."""
    return HKDF(hashes.SHA256(), KEY_SIZE, salt=None, info=purpose.encode()).derive(key)


def begin_epoch() -> MasterKey:
    """Make the file of the next epoch, unless there is one that was not finished; return its key.

    Raises:
        KeyFileError: a file is gone or cannot be written.
    """
    forget()
    now = masters()
    if now.older:
        return now.current
    epoch = now.current.epoch + 1
    path = _path(settings.KEYS_DIR, epoch)
    made = _parsed(path, read_or_make(path, lambda: _next(now.current, epoch)), epoch=epoch)
    forget()
    return made


def end_epoch(master: MasterKey) -> None:
    """Destroy the file of an epoch, and what an interrupted destruction left."""
    destroy_file(_path(settings.KEYS_DIR, master.epoch))
    forget()


def finish_destructions() -> None:
    """Destroy what is left of the file of an epoch whose destruction was interrupted."""
    destroy_leftovers(settings.KEYS_DIR)


def forget() -> None:
    """Read the files again, the next time that a master key is needed."""
    _masters.cache_clear()


def wrong_master() -> KeyFileError:
    return KeyFileError(
        f"The database was sealed with another master key than the one in the key folder. {_RESTORE}"
    )


@lru_cache(maxsize=1)  # what ended leaves this memory as soon as the folder is looked at again
def _masters(folder: Path, moment: int) -> Masters:
    """Read the master keys; a database that was sealed by another one never gets a new one."""
    found = _read(folder)
    if _sealed_by() - found.keys():
        found = _read(folder)  # an epoch began or ended between the two
        if _sealed_by() - found.keys():
            raise wrong_master()
    if not found:
        path = _path(folder, 1)
        first = _parsed(path, read_or_make(path, _first), epoch=1)
        found = {first.id: first}
        moment = _moment(folder)
    return Masters(by_id=found, moment=moment)


def _read(folder: Path) -> dict[str, MasterKey]:
    found = {}
    for path in sorted(folder.glob("master*.key")):
        named, content = _FILE.fullmatch(path.name), _content(path)
        if named and content is not None:
            master = _parsed(path, content, epoch=int(named[1] or 1))
            found[master.id] = master
    return found


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None  # its epoch ended just now
    except OSError as error:
        raise KeyFileError(
            f"The key file {path} cannot be read ({error.strerror}). "
            "Give this account the right to read there, or set REGIE_KEYS_DIR."
        ) from error


def _sealed_by() -> set[str]:
    living = Key.objects.filter(destroyed_at=None)
    return set(living.values_list("master_key_id", flat=True).distinct())


def _moment(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _path(folder: Path, epoch: int) -> Path:
    return folder / ("master.key" if epoch == 1 else f"master-{epoch}.key")


def _parsed(path: Path, content: bytes, *, epoch: int) -> MasterKey:
    try:
        members = json.loads(content)
        key = from_base64(members["key"])
        index = _first_index(key) if epoch == 1 else _index(members["index"])
        master = MasterKey(id=str(members["id"]), key=key, epoch=epoch, index=index)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path) from error
    if {len(one) for one in (key, *index.values())} != {KEY_SIZE} or _REST not in index:
        raise _damaged(path)
    return master


def _index(members: Mapping[str, str]) -> dict[str, bytes]:
    return {label: from_base64(key) for label, key in members.items()}


def _first_index(key: bytes) -> dict[str, bytes]:
    """Return the keys for look-ups as they follow from the first master key; they do not lead back to it."""
    labels = {label: f"regie/blind-index/1/{label}" for label in _FIRST_LABELS}
    return {
        label: derived(key, purpose)
        for label, purpose in {**labels, _REST: "regie/blind-index/2"}.items()
    }


def _damaged(path: Path) -> KeyFileError:
    return KeyFileError(f"{path} is not a master key. Restore {path.name} from your backup.")


def _first() -> bytes:
    members = {"id": secrets.token_hex(8), "key": in_base64(secrets.token_bytes(KEY_SIZE))}
    return json.dumps(members).encode()


def _next(last: MasterKey, epoch: int) -> bytes:
    members = json.loads(_first())
    index = {label: in_base64(key) for label, key in last.index.items()}
    return json.dumps({**members, "epoch": epoch, "index": index}).encode()
