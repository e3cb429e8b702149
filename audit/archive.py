"""An officer's export of the log: a folder that is made in steps, survives a crash, and becomes one zip file.

`size` is always that of a signed head: nothing is exported past it. Every step reads one chunk of the
log with a few queries, so memory is constant; the bytes are the same whichever database they come from.
"""

import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from audit import logkeys, manifest, part_files
from audit.archive_kinds import KINDS, Order
from audit.canonical import Json
from audit.contents import MANIFEST, PROVES, ROWS_IN, Contents
from audit.leaf import in_base64, timestamp
from audit.models import Checkpoint, LogEntry
from audit.part_files import GrowingFile, ResumeError
from audit.queries import EntryFilter, last_run

__all__ = ["Contents", "NothingSignedError", "ResumeError", "pack", "total", "write"]

_HERE = Path(__file__).parent
_VERIFIER = _HERE / "verify.py"
_READMES = _HERE / "readmes"
_BROKEN = {
    "LEESMIJ.md": "**Let op: de laatste controle zei dat het logboek beschadigd is. Zie `verification` in `manifest.json`.**\n\n",
    "README.md": "**Warning: the last check found that the log is broken. See `verification` in `manifest.json`.**\n\n",
}
_ZIP_LEVEL = 1
_MODE = 0o644 << 16
_PIECE = 1 << 20


class NothingSignedError(Exception):
    """No signed head has the size that was asked for, so there is nothing to prove."""


def total(*, contents: Contents, filter: EntryFilter, size: int) -> int:  # noqa: A002
    """Return how many rows `write` goes through."""
    if contents is Contents.COMPLETE:
        return size
    return LogEntry.objects.filter(filter.condition(), place__index__lt=size).count()


def write(
    *,
    contents: Contents,
    folder: Path,
    filter: EntryFilter,  # noqa: A002
    size: int,
    at: datetime,
    done: int = 0,
) -> Iterator[int]:
    """Write the files of an export; after each chunk that is safely on disk, yield how many rows are done.

    Called again with the last `done`, after whatever crash, it goes on from there and the files come
    out the same. The manifest comes last: when the iterator has ended, the folder is whole.

    Raises:
        NothingSignedError: no signed head has this size.
        ResumeError: what was written before `done` is gone; begin again, with an empty folder.
        LogBrokenError: entries are missing from the log.
        KeyFileError: a key is gone.
    """
    signed = Checkpoint.objects.filter(size=size).first()
    if signed is None:
        raise NothingSignedError
    folder.mkdir(parents=True, exist_ok=True)
    order = Order(contents=contents, folder=folder, filter=filter, signed=signed, at=at)
    rows = GrowingFile(folder, ROWS_IN[contents])
    if (folder / MANIFEST).exists():
        rows.finish()
        return  # it was made, and nobody heard of it
    kind = KINDS[contents]
    if done:
        rows.resume(done)
    else:
        rows.begin(kind.head(order))
    for reached in kind.chunks(order, rows, done):
        done = reached
        yield done
    counts = kind.tail(order, rows, done)
    _finish(order, counts)
    rows.finish()


def pack(*, folder: Path, destination: Path, at: datetime) -> None:
    """Make one zip file of a folder that `write` finished; it appears under its name when it is whole."""
    members = json.loads((folder / MANIFEST).read_bytes())
    top = f"regie-{members['kind']}-{members['size']}"
    moment = at.astimezone(UTC)
    unfinished = destination.with_name(f"{destination.name}.part")
    with zipfile.ZipFile(unfinished, "w", compresslevel=_ZIP_LEVEL) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = f"{top}/{path.relative_to(folder).as_posix()}"
            _add(packed, path, zipfile.ZipInfo(name, moment.timetuple()[:6]))
    part_files.flush(unfinished)
    unfinished.replace(destination)
    part_files.flush(destination.parent)


def _add(packed: zipfile.ZipFile, path: Path, member: zipfile.ZipInfo) -> None:
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = _MODE
    member.file_size = path.stat().st_size  # tells whether it needs zip64
    with path.open("rb") as source, packed.open(member, "w") as target:
        shutil.copyfileobj(source, target, _PIECE)


def _finish(order: Order, counts: Mapping[str, Json]) -> None:
    """Write what explains the export, and sign what it holds."""
    state = _verification()
    for name in ("LEESMIJ.md", "README.md"):
        text = (_READMES / f"{order.contents}.{name}").read_text(encoding="utf-8")
        warning = _BROKEN[name] if state["state"] == "broken" else ""
        part_files.write(order.folder / name, (warning + text).encode())
    part_files.write(order.folder / _VERIFIER.name, _VERIFIER.read_bytes())
    members: dict[str, Json] = {
        "format": manifest.FORMAT,
        "kind": order.contents.value,
        "proves": PROVES[order.contents],
        "origin": settings.LOG_ORIGIN,
        "vkey": logkeys.vkey_under(order.signed.note),
        "size": order.size,
        "root": in_base64(bytes(order.signed.root)),
        "filter": order.filter.to_json(),
        "exportedAt": timestamp(order.at),
        "verification": state,
        "files": manifest.digests(order.folder),
        **counts,
    }
    content = manifest.signed(members, key=logkeys.log_key(size=order.size))
    part_files.write(order.folder / f".{MANIFEST}", content)
    (order.folder / f".{MANIFEST}").replace(order.folder / MANIFEST)
    part_files.flush(order.folder)


def _verification() -> dict[str, Json]:
    """Return what the last recomputation of the log found."""
    run = last_run()
    if run is None:
        return {"state": "never"}
    return {
        "state": "sound" if run.is_sound else "broken",
        "at": timestamp(run.finished_at),
        "counted": run.counted,
        "faults": run.faults,
        "firstFault": run.first_fault,
    }
