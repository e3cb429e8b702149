"""`manage.py verify_log`: what it says to a person and to a program, and with which exit code."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from pytest_django import Settings

from audit import operations, queries, tree, verification
from audit.faults import Fault
from audit.models import Checkpoint, Leaf, LogEntry, LogHead, Tile, VerificationRun
from tests.audit.builders import NOW, an_event, append, lifted_triggers, log_of, narrow_tiles

pytestmark = pytest.mark.django_db


class Said:
    """What the command wrote, and the exit code that its caller gets."""

    def __init__(self, *arguments: str, is_watched: bool = False) -> None:
        out, err = StringIO(), StringIO()
        err.isatty = lambda: is_watched  # type: ignore[method-assign]
        self.code: object = 0
        try:
            call_command("verify_log", *arguments, stdout=out, stderr=err)
        except SystemExit as stopped:
            self.code = stopped.code
        except CommandError as error:
            self.code = error.returncode
            err.write(str(error))
        self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class TestForAPerson:
    def test_settles_and_says_that_the_log_is_whole(self) -> None:
        append(an_event())

        said = Said()

        assert said.code == 0
        assert said.out.startswith("The log is whole: 1 entry, root ")
        assert said.err == ""

    def test_names_each_fault_with_its_place_and_exits_with_1(self) -> None:
        log_of(2)

        with lifted_triggers():
            LogHead.objects.update(root=bytes(32))
            LogEntry.objects.filter(place__index=1).update(kind="x")
            said = Said()

        assert said.code == 1
        assert "The log was changed: 2 faults in 2 entries." in said.out
        assert (
            "- Table audit_logentry, index 1, column kind: it is not what the leaf says."
            in said.out
        )
        assert "- Table audit_loghead, head, column root" in said.out

    def test_names_twenty_faults_and_counts_the_rest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verification, "_NAMED", 22)
        log_of(25)

        with lifted_triggers():
            LogEntry.objects.update(kind="x")
            said = Said()

        assert said.out.count("column kind") == 20
        assert "And 5 more." in said.out

    def test_says_so_when_it_can_no_longer_sign(self) -> None:
        log_of(2)
        append(an_event())

        with lifted_triggers():
            Leaf.objects.filter(index=1).delete()
            said = Said()

        assert said.code == 1
        assert "New entries are not signed" in said.err

    def test_counts_along_for_who_watches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verification, "_CHUNK", 2)
        log_of(5)

        said = Said(is_watched=True)

        assert said.err == "\r2 of 5 entries\r4 of 5 entries\r5 of 5 entries\n"


class TestForAProgram:
    def test_tells_what_was_counted(self) -> None:
        log_of(3)

        said = Said("--json")

        assert said.code == 0
        members = said.json
        run, head = VerificationRun.objects.get(), queries.head()
        stamp = "%Y-%m-%dT%H:%M:%SZ"
        assert members == {
            "schema": "regie-verification/1",
            "state": "whole",
            "since": 0,
            "counted": 3,
            "size": 3,
            "root": head.root.hex(),
            "started": run.started_at.strftime(stamp),
            "finished": run.finished_at.strftime(stamp),
            "checkpoint": {"size": 3, "at": NOW.strftime(stamp)},
            "pending": 0,
            "signing": None,
            "faultCount": 0,
            "faults": [],
        }

    def test_names_table_index_and_column(self) -> None:
        log_of(3)

        with lifted_triggers():
            LogEntry.objects.filter(place__index=2).update(kind="x")
            Leaf.objects.filter(index=0).update(hash=bytes(32))
            said = Said("--json")

        assert said.code == 1
        assert said.json["state"] == "broken"
        assert [(one["table"], one["index"], one["column"]) for one in said.json["faults"]] == [
            ("audit_logentry", 2, "kind"),
            ("audit_leaf", 0, "hash"),
        ]

    def test_of_a_log_without_entries_has_no_signed_head(self) -> None:
        said = Said("--json")

        assert (said.code, said.json["checkpoint"], said.json["counted"]) == (0, None, 0)

    def test_names_a_hundred_faults_and_counts_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verification, "_NAMED", 2)
        log_of(4)

        with lifted_triggers():
            LogEntry.objects.update(kind="x")
            said = Said("--json")

        assert said.json["faultCount"] == 4
        assert len(said.json["faults"]) == 2


class TestThatCannotBeDone:
    @pytest.mark.parametrize("arguments", [[], ["--json"]])
    def test_says_what_to_do_when_a_key_file_is_gone(
        self, settings: Settings, tmp_path: Path, arguments: list[str]
    ) -> None:
        log_of(1)
        settings.KEYS_DIR = tmp_path

        said = Said(*arguments)

        assert said.code == 2
        assert "from your backup" in said.err
        if arguments:
            assert said.json["state"] == "unchecked"
            assert "from your backup" in said.json["what"]

    def test_says_so_when_the_database_is_down(self) -> None:
        def down(*_: object) -> None:
            raise OperationalError("password=secret")

        with connection.execute_wrapper(down):
            said = Said("--json")

        assert said.code == 2
        assert "OperationalError" in said.json["what"]
        assert "secret" not in said.out + said.err

    def test_says_which_heads_there_are(self) -> None:
        assert "Nothing was signed yet" in Said("--since", "4").err
        log_of(2)
        log_of(3)

        between, beyond = Said("--since", "4"), Said("--since", "9")

        assert (between.code, beyond.code) == (2, 2)
        assert "There is no signed head of 4 entries. Use 2 or 5." in between.err
        assert "Use 5." in beyond.err

    def test_is_a_mistake_when_the_size_is_no_number(self) -> None:
        with pytest.raises(CommandError, match="invalid int value"):
            call_command("verify_log", "--since", "x")  # from a shell: exit code 2


class TestSince:
    @pytest.fixture(autouse=True)
    def _log(self, monkeypatch: pytest.MonkeyPatch) -> None:
        narrow_tiles(monkeypatch)
        for size in (5, 2, 6):
            log_of(size)

    def test_counts_what_came_after_the_head(self) -> None:
        for size, counted in ((5, 8), (7, 6), (13, 0)):
            said = Said("--since", str(size), "--json")

            assert said.code == 0, said.out
            assert (said.json["since"], said.json["counted"]) == (size, counted)
            assert said.json["root"] == queries.head().root.hex()

    def test_says_what_was_trusted(self) -> None:
        assert "8 entries after the first 5, which were trusted" in Said("--since", "5").out

    def test_finds_what_was_changed_after_it_and_leaves_the_rest(self) -> None:
        with lifted_triggers():
            LogEntry.objects.filter(place__index__in=[1, 6]).update(kind="x")
            said = Said("--since", "5", "--json")

        assert [one["index"] for one in said.json["faults"]] == [6]

    def test_finds_a_tree_that_does_not_continue_it(self) -> None:
        with lifted_triggers():
            Leaf.objects.filter(index=4).update(hash=bytes(32))
            said = Said("--since", "5", "--json")

        first = said.json["faults"][0]
        assert (first["row"], first["what"]) == (
            "checkpoint 5",
            "the entries are not the ones that were signed.",
        )

    def test_finds_a_tile_that_is_gone(self) -> None:
        with lifted_triggers():
            Tile.objects.filter(level=1)._raw_delete("default")
            said = Said("--since", "5", "--json")

        assert said.code == 1
        assert "of the log are missing" in said.json["faults"][0]["what"]

    def test_finds_that_the_head_itself_was_forged(self) -> None:
        with lifted_triggers():
            Checkpoint.objects.filter(size=5).update(note="forged")
            said = Said("--since", "5", "--json")

        assert (said.json["faults"][0]["row"], said.json["faults"][0]["column"]) == (
            "checkpoint 5",
            "note",
        )

    def test_takes_nothing_back_of_what_was_found_before(self) -> None:
        with lifted_triggers():
            LogEntry.objects.filter(place__index=1).update(kind="x")
            assert Said().code == 1
            assert Said("--since", "5").code == 0

            run = queries.last_run()

        assert run is not None
        assert (run.since, run.faults) == (0, 1)

    def test_is_told_when_it_found_something(self) -> None:
        assert Said().code == 0
        with lifted_triggers():
            LogEntry.objects.filter(place__index=6).update(kind="x")
            assert Said("--since", "5").code == 1

            run = queries.last_run()

        assert run is not None
        assert (run.since, run.faults) == (5, 1)


class TestStoredTree:
    def test_continues_from_every_size(self, monkeypatch: pytest.MonkeyPatch) -> None:
        narrow_tiles(monkeypatch)
        log_of(9)
        head = LogHead.objects.get()

        for size in range(10):
            frontier = tree.stored_frontier(size)
            rest = [
                bytes(leaf.hash) for leaf in Leaf.objects.filter(index__gte=size).order_by("index")
            ]
            assert frontier.extended(rest).root() == bytes(head.root)
            rows = tree.unfinished_rows(size)
            assert all(len(row) < tree.TILE_WIDTH for row in rows.values())


class TestFault:
    def test_is_one_sentence(self) -> None:
        assert Fault(what="It burns.").sentence == "It burns."
        assert Fault(what="it burns.", table="t").sentence == "Table t: it burns."
        whole = Fault(what="it burns.", table="t", row="index 4", column="c")
        assert whole.sentence == "Table t, index 4, column c: it burns."
        assert (whole.index, Fault(what="", row="id 4").index) == (4, None)


class TestProgress:
    def test_is_told_by_the_operation_too(self) -> None:
        log_of(3)
        seen: list[int] = []

        operations.verify(at=NOW, clock=lambda: NOW, progress=seen.append)

        assert seen == [3]
