from collections.abc import Callable
from datetime import timedelta

import metamorphic_log
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audit import checkpoint, integration, logkeys, merkle, operations, tasks, tree
from audit.models import Checkpoint, Key, Leaf, LogEntry, LogHead, PendingEntry, Tile
from audit.operations import LogBrokenError
from audit.tree import StoredTree
from tests.audit.builders import (
    NOW,
    an_event,
    append,
    lifted_triggers,
    log_of,
    narrow_tiles,
    somebody_at_work,
)

pytestmark = pytest.mark.django_db


def hashes() -> list[bytes]:
    return [bytes(leaf.hash) for leaf in Leaf.objects.order_by("index")]


class TestIntegrate:
    def test_numbers_from_zero_without_a_gap_in_the_order_of_arrival(self) -> None:
        entries = [append(an_event()) for _ in range(5)]

        assert operations.integrate(at=NOW) == 5

        leaves = list(Leaf.objects.order_by("index"))
        assert [leaf.index for leaf in leaves] == [0, 1, 2, 3, 4]
        assert [leaf.entry_id for leaf in leaves] == [entry.pk for entry in entries]
        assert hashes() == [merkle.leaf_hash(bytes(entry.leaf)) for entry in entries]
        assert not PendingEntry.objects.exists()

    def test_leaves_it_to_who_is_at_it_already_and_does_not_wait(self) -> None:
        append(an_event())

        with somebody_at_work() as is_busy:
            done = operations.integrate(at=NOW)

        assert done == (0 if is_busy else 1)
        assert operations.integrate(at=NOW) == 1 - done
        assert len(hashes()) == 1

    def test_moves_the_head(self) -> None:
        log_of(3)

        head = LogHead.objects.get()
        assert (head.size, head.integrated_at) == (3, NOW)
        assert bytes(head.root) == merkle.Frontier().extended(hashes()).root()

    def test_takes_at_most_so_many_and_the_oldest_first(self) -> None:
        entries = [append(an_event()) for _ in range(5)]

        assert operations.integrate(at=NOW, limit=2) == 2

        assert list(Leaf.objects.values_list("entry_id", flat=True)) == [
            entry.pk for entry in entries[:2]
        ]

    def test_does_nothing_when_nothing_waits(self) -> None:
        assert operations.integrate(at=NOW) == 0
        assert integration.integrate(at=NOW, limit=1) == 0  # another was just ahead

    def test_never_lets_the_time_of_the_head_go_back(self) -> None:
        log_of(1)
        append(an_event())

        operations.integrate(at=NOW - timedelta(hours=1))

        assert LogHead.objects.get().integrated_at == NOW

    @pytest.mark.parametrize("work", [operations.integrate, operations.publish])
    def test_first_asks_postgresql_for_a_commit_that_survives_a_power_cut(
        self, work: Callable[..., object]
    ) -> None:
        log_of(1)
        append(an_event())

        with CaptureQueriesContext(connection) as captured:
            work(at=NOW)

        statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
        if work is operations.integrate:
            assert "audit_pendingentry" in statements.pop(0)  # is there anything to do?
        is_asked = statements[0] == "SET LOCAL synchronous_commit = on"
        assert is_asked == (connection.vendor == "postgresql")

    @pytest.mark.parametrize(
        "changes",
        [
            {"size": 5},
            {"size": 2},
            {"root": bytes(32)},
            {"frontier": bytes(64)},
            {"frontier": b""},
        ],
    )
    def test_stops_when_the_head_does_not_agree_with_the_leaves(
        self, changes: dict[str, object]
    ) -> None:
        log_of(3)
        append(an_event())
        LogHead.objects.update(**changes)

        with pytest.raises(LogBrokenError):
            operations.integrate(at=NOW)
        assert PendingEntry.objects.count() == 1

    def test_stops_when_somebody_moved_the_head_meanwhile(self) -> None:
        log_of(3)
        stale, frontier = integration.current_head()
        LogHead.objects.update(size=4)

        with pytest.raises(LogBrokenError, match="moved the head"):
            integration._move(stale, frontier.extended([bytes(32)]), at=NOW)

    def test_stops_without_a_head(self) -> None:
        append(an_event())
        LogHead.objects.all().delete()

        with pytest.raises(LogBrokenError, match="missing"):
            operations.integrate(at=NOW)

    def test_stops_when_the_hashes_of_the_unfinished_tile_are_gone(self) -> None:
        log_of(4)
        append(an_event())

        with lifted_triggers():
            Leaf.objects.filter(index=1).delete()
            with pytest.raises(LogBrokenError, match="missing"):
                operations.integrate(at=NOW)


class TestTiles:
    def test_are_made_when_they_are_full_with_their_root(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        narrow_tiles(monkeypatch)
        for size in (3, 4, 1, 5):
            log_of(size)
        whole = Reference(hashes())

        tiles = list(Tile.objects.order_by("level", "number"))

        assert [(one.level, one.number) for one in tiles] == [
            *((0, number) for number in range(6)),
            *((1, number) for number in range(3)),
            (2, 0),
        ]
        for tile in tiles:
            assert bytes(tile.root) == whole.node(tile.level + 1, tile.number)
            assert bytes(tile.data) == whole.node(tile.level, 2 * tile.number) + whole.node(
                tile.level, 2 * tile.number + 1
            )

    def test_lead_to_a_proof_for_every_entry_of_every_size(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        narrow_tiles(monkeypatch)
        log_of(13)
        leaves = hashes()

        for size in range(1, 14):
            root = merkle.Frontier().extended(leaves[:size]).root()
            stored = StoredTree(size)
            for index in range(size):
                proof = stored.inclusion_proof(index)
                metamorphic_log.verify_inclusion(index, size, leaves[index], proof, root)
            for first in range(1, size + 1):
                old = merkle.Frontier().extended(leaves[:first]).root()
                proof = stored.consistency_proof(first)
                metamorphic_log.verify_consistency(first, size, proof, old, root)

    def test_of_full_width_hold_256_hashes(self) -> None:
        log_of(257)

        tile = Tile.objects.get()

        assert (tile.level, tile.number, len(tile.data)) == (0, 0, 8192)
        proof = StoredTree(257).inclusion_proof(256)
        assert proof == [bytes(tile.root)]

    def test_that_are_missing_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        narrow_tiles(monkeypatch)
        log_of(5)

        with lifted_triggers():
            Tile.objects.get(level=0, number=0).delete()
            with pytest.raises(LogBrokenError, match="Tile 0/0"):
                StoredTree(5).inclusion_proof(1)

            Tile.objects.all().delete()
            with pytest.raises(LogBrokenError, match="Hashes 0 to 1 of level 2"):
                StoredTree(5).inclusion_proof(1)

    def test_of_many_levels_are_read_at_once(
        self, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        narrow_tiles(monkeypatch)
        log_of(45)

        with django_assert_num_queries(3):
            assert len(StoredTree(45).inclusion_proof(0)) == 6
        with django_assert_num_queries(3):
            StoredTree(45).consistency_proof(13)

    def test_are_forgotten_rather_than_kept_without_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tree, "_KEPT", 0)
        log_of(3)
        stored = StoredTree(3)

        for index in range(3):
            stored.prefetch([index])
            assert stored.inclusion_proof(index)


class TestPublish:
    def test_signs_the_head(self) -> None:
        log_of(3)

        signed = Checkpoint.objects.get()

        vkey = checkpoint.verifier_of(key=logkeys.log_key(), origin=settings.LOG_ORIGIN).to_vkey()
        verified = metamorphic_log.checkpoint_verify(signed.note, [vkey])
        assert (verified.origin, verified.size) == (settings.LOG_ORIGIN, 3)
        assert verified.root == bytes(signed.root) == bytes(LogHead.objects.get().root)

    def test_signs_once_per_size(self) -> None:
        log_of(3)

        assert operations.publish(at=NOW) is None
        assert Checkpoint.objects.count() == 1

    def test_signs_no_empty_log(self) -> None:
        assert operations.publish(at=NOW) is None

    def test_makes_checkpoints_that_continue_each_other(self) -> None:
        for size in (3, 5, 1):
            log_of(size)

        older, newer = Checkpoint.objects.order_by("size")[1:3]

        vkey = checkpoint.verifier_of(key=logkeys.log_key(), origin=settings.LOG_ORIGIN).to_vkey()
        proof = StoredTree(9).consistency_proof(8)
        metamorphic_log.checkpoint_verify_consistency(older.note, newer.note, [vkey], proof)

    def test_refuses_to_sign_a_log_that_became_shorter(self) -> None:
        log_of(3)

        with lifted_triggers():
            Leaf.objects.filter(index=2).delete()
            shorter = merkle.Frontier().extended(hashes())
            LogHead.objects.update(size=2, root=shorter.root(), frontier=shorter.to_bytes())
            with pytest.raises(LogBrokenError, match="backup"):
                operations.publish(at=NOW)

    def test_refuses_to_sign_a_log_that_was_rewritten(self) -> None:
        log_of(3)
        append(an_event())
        operations.integrate(at=NOW)

        with lifted_triggers():
            Leaf.objects.filter(index=1).update(hash=bytes(32))
            rewritten = merkle.Frontier().extended(hashes())
            LogHead.objects.update(root=rewritten.root(), frontier=rewritten.to_bytes())
            with pytest.raises(LogBrokenError, match="changed after checkpoint 3"):
                operations.publish(at=NOW)

    def test_refuses_to_go_on_after_a_checkpoint_that_was_forged(self) -> None:
        log_of(1)
        append(an_event())
        operations.integrate(at=NOW)

        with lifted_triggers():
            Checkpoint.objects.update(note="forged")
            with pytest.raises(LogBrokenError, match="Checkpoint 1"):
                operations.publish(at=NOW)


class TestSettle:
    def test_numbers_everything_and_signs_once(self) -> None:
        for _ in range(7):
            append(an_event())

        operations.settle(at=NOW)

        assert (LogHead.objects.get().size, Checkpoint.objects.get().size) == (7, 7)

    def test_makes_the_key_of_next_month_before_it_is_needed(self) -> None:
        operations.settle(at=NOW.replace(day=30))

        assert sorted(Key.objects.values_list("month", flat=True)) == ["2026-11", "2026-12"]

    def test_is_what_the_task_does(self) -> None:
        append(an_event(at=timezone.now()))

        tasks.settle_log(sent_by="a later version")

        assert Checkpoint.objects.get().size == LogEntry.objects.count() == 1

    def test_works_inside_a_transaction_of_the_caller(self) -> None:
        with transaction.atomic():
            append(an_event())
            operations.settle(at=NOW)

        assert connection.in_atomic_block  # that of the test
        assert Checkpoint.objects.get().size == 1


class Reference:
    """Complete subtrees straight from the leaves."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def node(self, height: int, position: int) -> bytes:
        row = self.leaves[position << height : (position + 1) << height]
        return merkle.pyramid(row)[-1][0]
