"""From staged entries to a signed log: number them, extend the tree, sign its head.

One process at a time; a process that finds another one at work has nothing to do.
"""

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from audit import checkpoint, merkle, rootkeys
from audit.models import Checkpoint, Leaf, LogHead, PendingEntry, Tile
from audit.tree import LogBrokenError, StoredTree, completed_tiles

_LOCK = int.from_bytes(b"regielog")
_LARGEST_BATCH = 10_000  # SQLite takes at most 32,766 values in one statement


@transaction.atomic
def integrate(*, at: datetime, limit: int) -> int:
    """Give the oldest staged entries their place; return how many.

    Never "every id above the last": ids are handed out in another order than transactions commit in.

    Raises:
        LogBrokenError: the stored head is not that of the stored leaves.
    """
    if not _is_alone():
        return 0
    head, frontier = current_head()
    waiting = list(
        PendingEntry.objects.order_by("entry_id").values_list("entry_id", "entry__leaf")[
            : min(limit, _LARGEST_BATCH)
        ]
    )
    if not waiting:
        return 0
    hashes = [merkle.leaf_hash(bytes(leaf)) for _, leaf in waiting]
    Leaf.objects.bulk_create(
        Leaf(index=head.size + offset, entry_id=entry_id, hash=hash_)
        for offset, ((entry_id, _), hash_) in enumerate(zip(waiting, hashes, strict=True))
    )
    Tile.objects.bulk_create(completed_tiles(size=head.size, leaves=hashes))
    PendingEntry.objects.filter(entry_id__in=[entry_id for entry_id, _ in waiting]).delete()
    _move(head, frontier.extended(hashes), at=at)
    return len(waiting)


@transaction.atomic
def publish(*, at: datetime) -> Checkpoint | None:
    """Sign the head when the log grew since the last checkpoint.

    Its own transaction, after that of `integrate`: what is signed was committed before.

    Raises:
        LogBrokenError: the log does not continue the last checkpoint; signing it would be a lie.
        KeyFileError: the key of the log is gone.
    """
    if not _is_alone():
        return None
    head, _ = current_head()
    last = Checkpoint.objects.order_by("-size").first()
    key = rootkeys.log_key()
    root = bytes(head.root)
    if last is not None:
        signer = checkpoint.verifier_of(key=key, origin=settings.LOG_ORIGIN)
        _require_continuation(_signed_head(last, signer), size=head.size, root=root)
    if head.size == (last.size if last else 0):
        return None
    signed = checkpoint.Head(origin=settings.LOG_ORIGIN, size=head.size, root=root)
    note = checkpoint.sign(head=signed, key=key)
    return Checkpoint.objects.create(size=head.size, root=root, note=note, made_at=at)


def current_head() -> tuple[LogHead, merkle.Frontier]:
    """Return the head, once it has been seen to agree with the leaves.

    Raises:
        LogBrokenError: it does not.
    """
    head = LogHead.objects.first()
    if head is None:
        raise LogBrokenError("The head of the log is missing.")
    try:
        frontier = merkle.Frontier.from_bytes(size=head.size, content=bytes(head.frontier))
    except ValueError as error:
        raise LogBrokenError("The head of the log is damaged.") from error
    last = Leaf.objects.aggregate(last=Max("index"))["last"]
    if frontier.root() != bytes(head.root) or head.size != (-1 if last is None else last) + 1:
        raise LogBrokenError("The head of the log does not agree with its leaves.")
    return head, frontier


def _is_alone() -> bool:
    """Take the lock that makes us the only one who extends the log until this transaction ends.

    On SQLite the transaction itself is that lock. PostgreSQL must have flushed the commit before
    the head is signed, or a power cut leaves a signed head that the database does not have.
    """
    if connection.vendor == "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)


def _move(head: LogHead, frontier: merkle.Frontier, *, at: datetime) -> None:
    moved = LogHead.objects.filter(pk=head.pk, size=head.size, root=head.root).update(
        size=frontier.size,
        root=frontier.root(),
        frontier=frontier.to_bytes(),
        integrated_at=max(at, head.integrated_at or at),
    )
    if moved != 1:
        raise LogBrokenError("Someone moved the head of the log who did not hold its lock.")


def _signed_head(last: Checkpoint, signer: checkpoint.Verifier) -> checkpoint.Head:
    try:
        return checkpoint.verify(note=last.note, verifier=signer)
    except checkpoint.CheckpointError as error:
        raise LogBrokenError(
            f"Checkpoint {last.size} was not signed by the key in log.key for {signer.name}: {error}"
        ) from error


def _require_continuation(signed: checkpoint.Head, *, size: int, root: bytes) -> None:
    if signed.size > size:
        raise LogBrokenError(
            f"The log has {size} entries, but {signed.size} were signed. Was a backup restored?"
        )
    proof = StoredTree(size).consistency_proof(signed.size)
    try:
        merkle.verify_consistency(
            first=signed.size, first_root=signed.root, size=size, root=root, proof=proof
        )
    except merkle.ProofError as error:
        raise LogBrokenError(f"The log was changed after checkpoint {signed.size}.") from error
