"""An export proves itself to a stranger; whatever is done to it is found by the verifier."""

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import metamorphic_log
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audit import checkpoint, export, keyring, logkeys, operations, tree, verify
from audit.canonical import Json, canonical
from audit.leaf import from_base64, in_base64
from audit.merkle import leaf_hash
from audit.models import Payload
from audit.queries import EntryFilter
from tests.audit import direct_export
from tests.audit.builders import (
    ANNA,
    NOW,
    an_event,
    append,
    lifted_triggers,
    log_of,
)

pytestmark = pytest.mark.django_db

EVERYTHING = EntryFilter()


def exported(filter_: EntryFilter = EVERYTHING) -> bytes:
    return b"".join(direct_export.json_lines(selected=filter_, at=NOW))


def vkey() -> str:
    return checkpoint.verifier_of(key=logkeys.log_key(), origin=settings.LOG_ORIGIN).to_vkey()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The line of the first fault, or 0, and what is wrong there; or how much was found."""

    line: int = 0
    what: str = ""
    count: int = 0
    erased: int = 0


def verdict_on(content: bytes, *, key: str = "") -> Verdict:
    lines = verify.numbered(io.BytesIO(content), "export.jsonl")
    try:
        found = verify.check_lines(
            lines, "export.jsonl", [(verify.read_key(key or vkey(), "--vkey"), 0, None)]
        )
    except verify.NotGenuine as error:
        place = re.match(r"export\.jsonl, line ([0-9]+)[^:]*: (.*)", str(error))
        assert place
        return Verdict(int(place[1]), place[2])
    return Verdict(count=found.count, erased=found.erased)


def resigned(lines: list[bytes], *, count: int | None = None) -> bytes:
    """Put a right last line under these, as only the holder of the log key could."""
    body = b"".join(lines)
    digest, count = hashlib.sha256(body), len(lines) - 1 if count is None else count
    return body + export.json_tail(size=0, count=count, digest=digest.digest())


@pytest.fixture(scope="module")
def content(django_db_setup: None, django_db_blocker: object) -> bytes:
    """One export of seven entries, one of them erased, made once: properties only read it."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        log_of(6)
        erased = uuid4()
        append(an_event(subject_id=erased))
        keyring.destroy(key=keyring.living_key(owner_id=erased, at=NOW), at=NOW)
        operations.settle(at=NOW)
        made = exported()
        transaction.set_rollback(True)
    return made


class TestJsonLines:
    def test_are_genuine_and_whole(self, content: bytes) -> None:
        verdict = verdict_on(content)

        assert verdict == Verdict(count=7, erased=1)

    def test_hold_what_happened_and_a_proof_that_another_program_accepts(
        self, content: bytes
    ) -> None:
        header, *lines, trailer = [json.loads(line) for line in content.splitlines()]

        assert header["origin"] == settings.LOG_ORIGIN
        assert (header["kind"], header["filter"]) == ("selection", {})
        assert header["exportedAt"] == "2026-11-24T09:30:15Z"
        assert trailer["count"] == len(lines)
        for index, line in enumerate(lines):
            assert line["index"] == index
            metamorphic_log.checkpoint_verify_inclusion(
                header["checkpoint"],
                [header["vkey"]],
                index,
                leaf_hash(canonical(line["leaf"])),
                [from_base64(hash_) for hash_ in line["proof"]],
            )
        assert lines[0]["shown"] == {"dataCategory": "usage", "purpose": "lekwaarschuwing"}
        assert lines[2]["shown"] is None
        assert lines[2]["internal"]["purpose"] == "lekwaarschuwing"
        assert (lines[6]["shown"], lines[6]["internal"]) == (None, {"channel": "portal"})

    def test_hold_a_selection_in_the_order_of_the_log(self) -> None:
        log_of(7)

        content = exported(EntryFilter(subject_id=ANNA))

        header, *lines, _ = [json.loads(line) for line in content.splitlines()]
        assert [line["index"] for line in lines] == [0, 3, 6]
        assert header["filter"] == {"subject": str(ANNA)}
        assert verdict_on(content) == Verdict(count=3)

    def test_leave_out_what_is_not_signed_yet(self) -> None:
        log_of(2)
        append(an_event())
        operations.integrate(at=NOW)

        assert verdict_on(exported()).count == 2

    def test_cost_a_few_queries_per_chunk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(direct_export, "CHUNK", 20)
        monkeypatch.setattr(tree, "TILE_HEIGHT", 2)
        monkeypatch.setattr(tree, "TILE_WIDTH", 4)
        log_of(61)

        with CaptureQueriesContext(connection) as queries:
            content = exported()

        assert verdict_on(content) == Verdict(count=61)
        # The checkpoint; four chunks of entries and the end; three levels of tiles per chunk.
        assert len(queries) <= 1 + 5 + 4 * 3 + 3

    def test_may_be_empty(self) -> None:
        log_of(1)

        verdict = verdict_on(exported(EntryFilter(purpose="none")))

        assert verdict == Verdict(count=0)

    def test_tell_of_a_payload_that_someone_damaged(self) -> None:
        log_of(2)

        with lifted_triggers():
            Payload.objects.filter(entry__place__index=1).update(organisation_part=b"damaged")
            verdict = verdict_on(exported())

        assert (verdict.line, verdict.what) == (
            3,
            "the organisation could not open this entry: someone changed it.",
        )


class TestVerifier:
    """For every line: flip, remove, swap, repeat, cut off."""

    @given(st.data())
    def test_names_the_line_in_which_a_byte_is_flipped(
        self, content: bytes, data: st.DataObject
    ) -> None:
        lines = content.splitlines(keepends=True)
        number = data.draw(st.integers(0, len(lines) - 1))
        place = data.draw(st.integers(0, len(lines[number]) - 1))
        bit = 1 << data.draw(st.integers(0, 7))
        changed = bytearray(lines[number])
        changed[place] ^= bit
        lines[number] = bytes(changed)

        named = verdict_on(b"".join(lines)).line

        # Some of the first line is bound by the last line only.
        assert named in ({1, len(lines)} if number == 0 else {number + 1, number + 2})

    def test_finds_every_line_that_is_removed(self, content: bytes) -> None:
        lines = content.splitlines(keepends=True)

        for number in range(1, len(lines)):
            changed = b"".join(lines[:number] + lines[number + 1 :])
            assert verdict_on(changed).line in {len(lines) - 1, len(lines)}

    def test_finds_every_line_that_is_repeated(self, content: bytes) -> None:
        lines = content.splitlines(keepends=True)

        for number in range(len(lines)):
            changed = b"".join([*lines[: number + 1], *lines[number:]])
            assert verdict_on(changed).line in {number + 1, number + 2}

    def test_finds_every_two_lines_that_are_swapped(self, content: bytes) -> None:
        lines = content.splitlines(keepends=True)

        for number in range(1, len(lines) - 1):
            swapped = [*lines]
            swapped[number : number + 2] = [lines[number + 1], lines[number]]
            assert verdict_on(b"".join(swapped)).line in {number + 1, number + 2}

    @given(st.data())
    def test_finds_every_place_where_the_file_is_cut_off(
        self, content: bytes, data: st.DataObject
    ) -> None:
        length = data.draw(st.integers(0, len(content) - 1))

        assert verdict_on(content[:length]).line

    @pytest.mark.parametrize("tail", [b"\n", b" ", b"{}\n", b"\x00", b"x" * 5_000_000])
    def test_finds_bytes_after_the_end(self, content: bytes, tail: bytes) -> None:
        assert verdict_on(content + tail).line

    def test_refuses_what_only_someone_with_the_log_key_could_sign(self, content: bytes) -> None:
        """The last line is right in each of these; the entries are not."""
        header, first, second, third, *_ = content.splitlines(keepends=True)
        members = json.loads(first)
        other = json.loads(second)
        changes: list[dict[str, Json]] = [
            {"index": True},
            {"index": "0"},
            {"index": -1},
            {"index": 10_000},
            {"leaf": other["leaf"]},
            {"leaf": None},
            {"shown": other["shown"], "shownOpening": other["shownOpening"]},
            {"shown": None},
            {"shown": []},
            {"shownOpening": None},
            {"shownOpening": "AAAA"},
            {"internal": {}},
            {"proof": []},
            {"proof": None},
            {"proof": [*members["proof"], members["proof"][0]]},
            {"proof": ["?"]},
            {"more": 1},
        ]

        for change in changes:
            line = canonical({**members, **change}) + b"\n"
            assert verdict_on(resigned([header, line])).line == 2, change
        assert verdict_on(resigned([header, second, first])).line == 3
        nobody = canonical({**json.loads(third), "shown": {}, "shownOpening": ""}) + b"\n"
        assert "no data subject" in verdict_on(resigned([header, nobody])).what

    @pytest.mark.parametrize(
        "change",
        [
            {"origin": "other.example"},
            {"vkey": "other.example+00000000+AAAA"},
            {"vkey": 1},
            {"checkpoint": ""},
            {"checkpoint": None},
            {"kind": "whole"},
            {"more": 1},
        ],
    )
    def test_refuses_a_header_that_does_not_agree_with_itself(
        self, content: bytes, change: dict[str, Json]
    ) -> None:
        header, *rest = content.splitlines(keepends=True)
        changed = canonical({**json.loads(header), **change}) + b"\n"

        assert verdict_on(resigned([changed, *rest[:-1]])).line == 1

    def test_refuses_a_count_or_a_signature_that_is_not_one(self, content: bytes) -> None:
        *lines, last = content.splitlines(keepends=True)

        for change in ({"count": True}, {"count": "7"}, {"signature": 1}, {"sha256": None}):
            changed = canonical({**json.loads(last), **change}) + b"\n"
            assert verdict_on(b"".join([*lines, changed])).line == len(lines) + 1

    def test_refuses_the_signature_of_another_key(self, content: bytes) -> None:
        *lines, last = content.splitlines(keepends=True)
        other = in_base64(Ed25519PrivateKey.generate().sign(b"something"))
        changed = canonical({**json.loads(last), "signature": other}) + b"\n"

        verdict = verdict_on(b"".join([*lines, changed]))
        assert verdict == Verdict(9, "the signature is not that of the key of the log.")

    @pytest.mark.parametrize("count", [0, 6, 8])
    def test_refuses_a_count_that_was_signed_and_is_not_right(
        self, content: bytes, count: int
    ) -> None:
        *lines, _ = content.splitlines(keepends=True)

        verdict = verdict_on(resigned(lines, count=count))

        assert verdict == Verdict(9, f"there should be {count} entries; found 7.")

    def test_counts_an_entry_of_which_only_the_part_for_officers_is_erased(
        self, content: bytes
    ) -> None:
        header, _, _, nobody, *_ = content.splitlines(keepends=True)
        erased = canonical({**json.loads(nobody), "internal": None, "internalOpening": None})

        verdict = verdict_on(resigned([header, erased + b"\n"]))

        assert verdict == Verdict(count=1, erased=1)

    def test_trusts_the_key_that_it_was_given_and_not_the_one_in_the_file(
        self, content: bytes
    ) -> None:
        other = checkpoint.verifier_of(key=Ed25519PrivateKey.generate(), origin=settings.LOG_ORIGIN)

        verdict = verdict_on(content, key=other.to_vkey())

        assert verdict == Verdict(1, "it names another key than the one you gave.")


class TestCommandLine:
    @pytest.fixture
    def path(self, content: bytes, tmp_path: Path) -> Path:
        path = tmp_path / "export.jsonl"
        path.write_bytes(content)
        return path

    def test_names_the_first_fault(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path.write_bytes(path.read_bytes().replace(b"portal", b"portaL", 1))

        assert verify.main([str(path), "--vkey", vkey()]) == verify.NOT_GENUINE
        assert capsys.readouterr().out == (
            "export.jsonl, line 2: the part 'internal' is not what the leaf commits to.\n"
            "It is not genuine.\n"
        )

    @pytest.mark.parametrize(
        "junk", [b"", b"\x00\xff\x13" * 99, b"[]\n", b"{}\n", b"x" * 5_000_000]
    )
    def test_says_that_a_file_is_no_export(
        self, junk: bytes, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path.write_bytes(junk)

        assert verify.main([str(path)]) == verify.UNREADABLE
        assert "neither an export of the log nor the proof" in capsys.readouterr().out

    def test_says_that_a_zip_file_must_be_unpacked(
        self, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path.write_bytes(b"PK\x03\x04")

        assert verify.main([str(path)]) == verify.UNREADABLE
        assert "Unpack it first" in capsys.readouterr().out

    def test_says_that_there_is_no_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert verify.main([str(tmp_path / "absent")]) == verify.UNREADABLE
        assert "absent cannot be read: No such file" in capsys.readouterr().out

    @pytest.mark.parametrize("key", ["nonsense", ""])
    def test_says_that_the_key_is_none(
        self, path: Path, key: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert verify.main([str(path), "--vkey", key]) == verify.UNREADABLE
        assert "--vkey: this is not an Ed25519 key" in capsys.readouterr().out

    def test_runs_on_its_own_and_warns_when_no_key_was_given(self, path: Path) -> None:
        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-I", verify.__file__, str(path), *arguments]
            return subprocess.run(command, capture_output=True, text=True, check=False)

        trusting, certain = run(), run("--vkey", vkey())

        assert (trusting.returncode, certain.returncode) == (0, 0)
        assert "Warning: the key was taken from the file itself." in trusting.stdout
        assert "It is consistent with the key in the file." in trusting.stdout
        assert "It is genuine" not in trusting.stdout
        assert "Warning" not in certain.stdout
        assert "It is genuine." in certain.stdout
        assert "It is the whole of that log" in certain.stdout
        assert "erased part, which cannot be checked: 1." in certain.stdout

    def test_says_that_a_selection_proves_no_more_than_it_does(
        self, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        log_of(2)
        path.write_bytes(exported(EntryFilter(subject_id=ANNA)))  # all but one

        assert verify.main([str(path), "--vkey", vkey()]) == verify.GENUINE
        said = capsys.readouterr().out
        assert "It is genuine.\nNumber of entries: 1." in said
        assert "it does not prove that none was left out" in said
        assert "It is the whole" not in said


class TestCsv:
    def test_holds_the_same_selection(self) -> None:
        log_of(3)
        append(an_event(shown={"notice": 3}, outcome="given"))
        operations.settle(at=NOW)

        content = b"".join(direct_export.table(selected=EntryFilter(subject_id=ANNA)))

        assert content.startswith(b"\xef\xbb\xbfindex,at,kind,")
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        assert [row["index"] for row in rows] == ["0", "3"]
        assert rows[1]["at"] == "2026-11-24T09:30:15Z"
        assert (rows[1]["kind"], rows[1]["actor"]) == ("consent.record.given", "data-subject")
        assert (rows[1]["subject"], rows[1]["outcome"]) == (str(ANNA), "given")
        assert json.loads(rows[1]["shown"])["notice"] == 3
        assert json.loads(rows[1]["internal"]) == {"channel": "portal"}

    def test_tells_of_what_someone_damaged(self) -> None:
        log_of(1)

        with lifted_triggers():
            Payload.objects.update(organisation_part=b"damaged")
            content = b"".join(direct_export.table(selected=EVERYTHING)).decode("utf-8-sig")

        (row,) = csv.DictReader(io.StringIO(content))
        assert (row["shown"], row["internal"]) == ("damaged", "damaged")

    def test_shows_nothing_of_what_was_erased(self) -> None:
        log_of(1)
        keyring.destroy(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)

        content = b"".join(direct_export.table(selected=EVERYTHING)).decode("utf-8-sig")

        (row,) = csv.DictReader(io.StringIO(content))
        assert (row["shown"], row["purpose"], row["subject"]) == ("erased", "", "")

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
    def test_holds_no_formula(self, start: str) -> None:
        append(an_event(recipient=f"{start}SUM(1)"))
        operations.settle(at=NOW)

        content = b"".join(direct_export.table(selected=EVERYTHING)).decode("utf-8-sig")

        (row,) = csv.DictReader(io.StringIO(content, newline=""))
        assert row["recipient"] == f"'{start}SUM(1)"
