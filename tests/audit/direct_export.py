"""A selection written in one go, straight from the rows: what an archive, which is written in resumable pieces, must equal."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from audit import export
from audit.models import Checkpoint
from audit.queries import EntryFilter
from audit.tree import StoredTree

CHUNK = 200


def json_lines(*, selected: EntryFilter, at: datetime) -> Iterator[bytes]:
    """Yield the selection as JSON Lines, up to the newest signed head: settle the log first."""
    signed = Checkpoint.objects.latest("size")
    head = export.json_head(signed=signed, filter=selected, at=at)
    digest, count, tree = hashlib.sha256(head), 0, StoredTree(signed.size)
    yield head
    for rows in export.chunks(filter=selected, size=signed.size, limit=CHUNK):
        content = export.json_rows(rows, tree)
        digest.update(content)
        count += len(rows)
        yield content
    yield export.json_tail(size=signed.size, count=count, digest=digest.digest())


def table(*, selected: EntryFilter) -> Iterator[bytes]:
    """Yield the same selection as CSV."""
    size = Checkpoint.objects.latest("size").size
    yield export.csv_head()
    for rows in export.chunks(filter=selected, size=size, limit=CHUNK):
        yield export.csv_rows(rows)
