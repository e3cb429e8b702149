"""A whole export proves itself to a stranger; whatever is done to it is found, with the file and the place."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import timedelta
from functools import cache
from io import StringIO
from pathlib import Path

import metamorphic_log
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings as django_settings
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import (
    archive,
    checkpoint,
    keyring,
    logkeys,
    manifest,
    merkle,
    operations,
    proofs,
    tag_key,
    verify,
)
from audit.canonical import Json, canonical
from audit.contents import Contents
from audit.events import EventKind
from audit.leaf import in_base64
from audit.models import Checkpoint, Payload
from audit.queries import EntryFilter
from audit.signers import KeyRange, LogKeys
from audit.tiles import WIDTH, parts_of
from tests.audit.builders import ANNA, BRAM, NOW, an_event, append, lifted_triggers, log_of
from tests.audit.test_verify_parts import JSON, cosignature, policy_of

pytestmark = pytest.mark.django_db

EVERYTHING = EntryFilter()
SIZES = (1, 256, 257, 300, 513)
Change = Callable[[Path], object]


def exported(
    folder: Path,
    size: int,
    *,
    contents: Contents = Contents.COMPLETE,
    filter_: EntryFilter = EVERYTHING,
) -> Path:
    for _ in archive.write(contents=contents, folder=folder, filter=filter_, size=size, at=NOW):
        pass
    return folder


def vkey() -> str:
    return proofs.signers().newest.to_vkey()


def said_of(folder: Path, *arguments: str, code: int = verify.NOT_GENUINE) -> str:
    """Return what the verifier says, which must end with this code."""
    ended, said = verdict_on(folder, *arguments)
    assert ended == code, said
    return said


def verdict_on(folder: Path, *arguments: str) -> tuple[int, str]:
    said = StringIO()
    with redirect_stdout(said):
        code = verify.main([str(folder), "--vkey", vkey(), *arguments])
    return code, said.getvalue()


def resign(folder: Path, **changes: Json) -> None:
    resign_by(logkeys.log_key(), folder, changes)


def resign_by(key: Ed25519PrivateKey, folder: Path, changes: dict[str, Json]) -> None:
    """Make the manifest fit the files again, as only the holder of the key of the log could."""
    members = json.loads((folder / "manifest.json").read_bytes())
    del members["signature"]
    members |= {"files": manifest.digests(folder), **changes}
    signed = manifest.signed(members, key=key)
    (folder / "manifest.json").write_bytes(signed)


@pytest.fixture(scope="module")
def exports(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Exports of every kind and size, made once; whoever changes one takes a copy."""
    top = tmp_path_factory.mktemp("exports")
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        made = 0
        for size in SIZES:
            log_of(size - made)
            made = size
            exported(top / f"complete-{size}", size)
            (top / f"head-{size}").write_text(Checkpoint.objects.get(size=size).note)
        for contents in (Contents.SELECTION, Contents.TABLE):
            exported(top / contents, 300, contents=contents, filter_=EntryFilter(subject_id=ANNA))
        transaction.set_rollback(True)
    return top


@pytest.fixture
def folder(exports: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exports / "complete-300", tmp_path / "export"))


class TestGenuineExport:
    @pytest.mark.parametrize("size", SIZES)
    def test_is_the_whole_log(self, exports: Path, size: int) -> None:
        said = said_of(exports / f"complete-{size}", code=verify.GENUINE)

        assert said.startswith("It is genuine.\nIt is the whole of the log regie.example/log, of ")
        assert f"of {size} entries: none was left out.\n" in said
        assert f"Number of entries that are opened: {size}.\n" in said
        assert "Warning" not in said

    @pytest.mark.parametrize("size", SIZES)
    def test_convinces_another_program_of_every_entry(self, exports: Path, size: int) -> None:
        folder = exports / f"complete-{size}"
        note = (folder / "checkpoint").read_text()
        head = metamorphic_log.checkpoint_verify(note, [vkey()])
        hashes = [merkle.leaf_hash(body) for body in leaves_in(folder, size)]

        assert head.size == len(hashes) == size
        node = tiles_in(folder, size)
        for index in range(size):
            proof = merkle.inclusion_proof(index=index, size=size, node=node)
            metamorphic_log.checkpoint_verify_inclusion(note, [vkey()], index, hashes[index], proof)

    @pytest.mark.parametrize("contents", [Contents.SELECTION, Contents.TABLE])
    def test_of_another_kind_says_what_it_does_not_prove(
        self, exports: Path, contents: Contents
    ) -> None:
        said = said_of(exports / contents, code=verify.GENUINE)

        assert "102" in said
        assert re.search("does not prove that none was left out|proves nothing about single", said)

    @pytest.mark.parametrize("name", ["complete-300", "selection", "table"])
    def test_is_checked_by_the_program_in_it_and_by_nothing_else(
        self, exports: Path, name: str
    ) -> None:
        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            program = str(exports / name / "verify.py")
            command = [sys.executable, "-I", program, *arguments]
            return subprocess.run(
                command, capture_output=True, text=True, check=False, cwd="/", timeout=60
            )

        certain, trusting = run("--vkey", vkey()), run()

        assert (certain.returncode, certain.stderr) == (0, "")
        assert certain.stdout.startswith("It is genuine.\n")
        assert (trusting.returncode, trusting.stderr) == (0, "")
        assert trusting.stdout.startswith("It is consistent with the key in the file.\n")
        assert trusting.stdout.count("Warning: the key was taken from the file itself.") == 1

    def test_may_have_erased_parts(self, tmp_path: Path) -> None:
        log_of(3)
        keyring.destroy(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)

        said = said_of(exported(tmp_path, 3), code=verify.GENUINE)

        assert "Entries with an erased part, which cannot be checked: 1." in said


def leaves_in(folder: Path, size: int) -> list[bytes]:
    """Read the bundles as the standard says: each entry after its length in two bytes."""
    leaves = []
    for part in parts_of(size):
        content, offset = (folder / "tile/entries" / part.name).read_bytes(), 0
        while offset < len(content):
            length = int.from_bytes(content[offset : offset + 2])
            leaves.append(content[offset + 2 : offset + 2 + length])
            offset += 2 + length
    return leaves


def tiles_in(folder: Path, size: int) -> merkle.Node:
    """Return the way to the hash of a complete subtree, read from the tiles of an export."""

    @cache
    def tile(level: int, number: int) -> list[list[bytes]]:
        part = parts_of(size >> 8 * level)[number]
        content = (folder / f"tile/{level}" / part.name).read_bytes()
        return merkle.pyramid(merkle.in_hashes(content))

    def node(height: int, position: int) -> bytes:
        level, row = divmod(height, 8)
        number, place = divmod(position, WIDTH >> row)
        return tile(level, number)[row][place]

    return node


def flip(name: str, offset: int, bit: int = 0) -> Change:
    def change(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[offset] ^= 1 << bit
        (folder / name).write_bytes(content)

    return change


def replace(name: str, old: bytes, new: bytes) -> Change:
    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        assert old in content
        (folder / name).write_bytes(content.replace(old, new, 1))

    return change


def append_to(name: str, tail: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + tail)


def swap(one: str, other: str) -> Change:
    def change(folder: Path) -> None:
        content = (folder / one).read_bytes()
        (folder / one).write_bytes((folder / other).read_bytes())
        (folder / other).write_bytes(content)

    return change


def add(name: str, content: bytes = b"x") -> Change:
    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return change


def rename(name: str, other: str) -> Change:
    return lambda folder: (folder / name).rename(folder / other)


def line_of(name: str, number: int, change: Callable[[dict[str, Json]], object]) -> Change:
    """Change the members of one line, and write it canonically again."""

    def changed(folder: Path) -> None:
        lines = (folder / name).read_bytes().splitlines(keepends=True)
        members = json.loads(lines[number - 1])
        change(members)
        lines[number - 1] = canonical(members) + b"\n"
        (folder / name).write_bytes(b"".join(lines))

    return changed


def lines_of(name: str, change: Callable[[list[bytes]], object]) -> Change:
    def changed(folder: Path) -> None:
        lines = (folder / name).read_bytes().splitlines(keepends=True)
        change(lines)
        (folder / name).write_bytes(b"".join(lines))

    return changed


def other_base64(name: str, after: bytes, skip: int = 0) -> Change:
    """Put another letter in some base64: the bytes change, and are written as they should be."""

    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        place = content.index(after) + len(after) + skip
        other = b"B" if content[place : place + 1] != b"B" else b"C"
        (folder / name).write_bytes(content[:place] + other + content[place + 1 :])

    return change


OPENINGS, BUNDLE, LAST = "openings.ndjson", "tile/entries/000", "tile/entries/001.p/44"
# What is done, and what is said of it: also when the holder of the key signs what was done.
ALTERATIONS: dict[str, tuple[Change, str]] = {
    "a byte of a tile": (
        flip("tile/0/000", 544), r"tile/0/000, byte 544: .* \(index 17\)\."
    ),
    "a byte of the last tile": (
        flip("tile/0/001.p/44", 1400), r"tile/0/001\.p/44, byte 1400: .* \(index 299\)\."
    ),
    "a byte of an upper tile": (
        flip("tile/1/000.p/1", 31), r"tile/1/000\.p/1, byte 31: .* \(index 0\)\."
    ),
    "a byte of a leaf": (
        replace(BUNDLE, b'"co":"', b'"co":"/'), r"tile/entries/000, byte 0 \(index 0\): this is not a leaf"
    ),
    "a byte of a leaf that stays a leaf": (
        replace(BUNDLE, b"data-subject", b"data-subjecu"), r"openings.ndjson, line 1 \(index 0\): its actor"
    ),
    "a commitment in a leaf": (
        other_base64(LAST, b'"co":"'), r"openings\.ndjson, line 257 \(index 256\): the part 'internal' is not what"
    ),
    "a byte of a length": (
        flip(LAST, 1), r"tile/entries/001\.p/44, byte 0 \(index 256\): this is not a leaf"
    ),
    "the largest length": (
        flip(LAST, 0, 7), r"tile/entries/001\.p/44, byte 0 \(index 256\): the file stops in the middle"
    ),
    "a leaf that is not canonical": (
        replace(BUNDLE, b'"v":1}', b'"v":1 '), r"tile/entries/000, byte 0 \(index 0\): this is not a leaf"
    ),
    "a byte after the last entry": (
        append_to(LAST, b"\x00"), r"tile/entries/001\.p/44, byte 10594: something follows the last entry"
    ),
    "an entry after the last entry": (
        append_to(LAST, b"\x00\x01x"), r"tile/entries/001\.p/44, byte 10594: something follows"
    ),
    "a bundle that was cut off": (
        lambda folder: os.truncate(folder / LAST, 10_500), r"tile/entries/001\.p/44, byte 1\d+ \(index 299\): the file stops"
    ),
    "an empty bundle": (
        lambda folder: os.truncate(folder / LAST, 0), r"tile/entries/001\.p/44, byte 0 \(index 256\): the file stops"
    ),
    "a tile with a hash too many": (
        append_to("tile/0/001.p/44", bytes(32)), r"tile/0/001\.p/44, byte 1408: "
    ),
    "swapped tile and bundle": (
        swap("tile/0/000", BUNDLE), r"tile/entries/000, byte 0 \(index 0\): "
    ),
    "another payload": (
        line_of(OPENINGS, 5, lambda line: line["internal"].update(channel="phone")),  # type: ignore[union-attr]
        r"openings\.ndjson, line 5 \(index 4\): the part 'internal' is not what the leaf commits to",
    ),
    "another opening": (
        line_of(OPENINGS, 5, lambda line: line.update(shownOpening=in_base64(bytes(32)))),
        r"openings\.ndjson, line 5 \(index 4\): the part 'shown' is not what the leaf commits to",
    ),
    "an opening without its payload": (
        line_of(OPENINGS, 5, lambda line: line.update(shown=None)),
        r"openings\.ndjson, line 5 \(index 4\): the part 'shown' is not a JSON object with its opening",
    ),
    "a payload of nobody": (
        line_of(OPENINGS, 4, lambda line: line.update(shown={}, shownOpening=in_base64(bytes(32)))),
        r"openings\.ndjson, line 4 \(index 3\): the entry has no data subject",
    ),
    "another time beside an opening": (
        line_of(OPENINGS, 5, lambda line: line.update(at="2026-11-24T09:30:16Z")),
        r"openings\.ndjson, line 5 \(index 4\): its actor, time or kind is not what the leaf says",
    ),
    "another kind beside an opening": (
        line_of(OPENINGS, 5, lambda line: line.update(kind="a")), r"openings\.ndjson, line 5 \(index 4\): its actor"
    ),
    "a member too many in an opening": (
        line_of(OPENINGS, 5, lambda line: line.update(more=1)), r"openings\.ndjson, line 5: the line has not the members"
    ),
    "a key twice in an opening": (
        replace(OPENINGS, b'{"channel":', b'{"channel":"a","channel":'),
        r"openings\.ndjson, line 1: this is not JSON as the log writes it: a name occurs twice",
    ),
    "a space in an opening": (
        replace(OPENINGS, b'"index":0', b'"index": 0'), r"openings\.ndjson, line 1, byte \d+: the JSON is not in its canonical"
    ),
    "an opening of an entry that is not there": (
        line_of(OPENINGS, 300, lambda line: line.update(index=300)), r"openings\.ndjson: entry 299 was left out"
    ),
    "an opening too many": (
        lines_of(OPENINGS, lambda lines: lines.append(lines[-1])),
        r"openings\.ndjson, line 301: there is no entry 299 left to open",
    ),
    "an opening less": (
        lines_of(OPENINGS, lambda lines: lines.pop(7)), r"openings\.ndjson: entry 7 was left out"
    ),
    "swapped openings": (
        lines_of(OPENINGS, lambda lines: lines.insert(3, lines.pop(4))), r"openings\.ndjson: entry 3 was left out"
    ),
    "an opening that was cut off": (
        lambda folder: os.truncate(folder / OPENINGS, 89_000), r"openings\.ndjson, line \d+: the line is too long, or not"
    ),
    "a line after the openings": (
        append_to(OPENINGS, b"{}\n"), r"openings\.ndjson, line 301: the line has not the members"
    ),
    "a line without an end": (
        append_to(OPENINGS, b"x" * 5_000_000), r"openings\.ndjson, line 301: the line is too long, or not finished"
    ),
    "another size": (
        replace("checkpoint", b"\n300\n", b"\n301\n"), r"checkpoint: the signature of the log under it is not right"
    ),
    "a size with a zero before it": (
        replace("checkpoint", b"\n300\n", b"\n0300\n"), r"checkpoint, line 2: the size is not a plain number"
    ),
    "another signature": (
        other_base64("checkpoint", b" regie.example/log ", 20), r"checkpoint: the signature of the log under it is not right"
    ),
    "another origin": (
        replace("checkpoint", b"regie.example", b"other.example"), r"checkpoint, line 1: it is of another log \(other\.example/log\)"
    ),
    "a line after the checkpoint": (
        append_to("checkpoint", b"\n"), r"checkpoint, line 6: this is not a signature"
    ),
    "a quorum that is not met": (
        lambda folder: (folder / "policy").write_bytes(
            (folder / "policy").read_bytes().replace(b"quorum none", b"") + policy_of("quorum w0").split(b"\n", 1)[1]
        ),
        "checkpoint: fewer witnesses signed it than the policy asks for",
    ),
    "a policy without the log": (
        lambda folder: (folder / "policy").write_bytes(b"quorum none\n"), "policy: it does not name the key of the log"
    ),
    "a policy with a word too many": (
        append_to("policy", b"trust me\n"), "policy, line 3: this is not a line of a policy"
    ),
    "a key that does not count yet": (
        replace("keys.json", b'"firstSize":0', b'"firstSize":301'), r"keys\.json: the key of the log does not count"
    ),
    "a key that does not count any more": (
        replace("keys.json", b'"lastSize":null', b'"lastSize":299'), r"keys\.json: the key of the log does not count"
    ),
    "a key with a member too many": (
        replace("keys.json", b'"lastSize":null', b'"lastSize":null,"more":1'), r"keys\.json: a key in it has not the members"
    ),
    "a key that is none": (
        lambda folder: (folder / "keys.json").write_bytes(b'{"keys":[1]}\n'), r"keys\.json: a key in it has not the members"
    ),
    "no keys": (
        lambda folder: (folder / "keys.json").write_bytes(b"{}\n"), r"keys\.json: the member 'keys' is missing"
    ),
    "an extra file": (add("note.txt"), r"note\.txt: this file does not belong in the export"),
    "an extra tile": (add("tile/0/002"), r"tile/0/002: this file does not belong"),
    "an extra bundle": (add("tile/entries/001"), r"tile/entries/001: this file does not belong"),
    "an extra level": (add("tile/2/000.p/1"), r"tile/2/000\.p/1: this file does not belong"),
    "an extra width": (add("tile/0/001.p/43"), r"tile/0/001\.p/43: this file does not belong"),
    "a part of a full tile": (add("tile/0/000.p/255"), r"tile/0/000\.p/255: this file does not belong"),
    "another width": (
        rename(LAST, "tile/entries/001.p/43"), r"tile/entries/001\.p/43: this file does not belong"
    ),
    "a file in a deep folder": (add("a/" * 12 + "b"), r"(a/){9}a: this is a link or something else"),
    "a bundle of an absurd size": (
        lambda folder: os.truncate(folder / BUNDLE, 1 << 40), "tile/entries/000: the file is larger than"
    ),
    "a checkpoint of an absurd size": (
        lambda folder: os.truncate(folder / "checkpoint", 1 << 40), "checkpoint: the file is larger than 1048576 bytes"
    ),
}  # fmt: skip


# Two different hashes can begin with the same bytes: the first byte that differs is not always 0.
DISAGREES = r"byte [0-9]+: from here it does not agree"


class TestAlteredExport:
    @pytest.mark.parametrize("name", ALTERATIONS)
    def test_is_refused_with_file_and_place(self, folder: Path, name: str) -> None:
        """Also when the holder of the key of the log signs what was done."""
        change, said = ALTERATIONS[name]
        change(folder)

        assert re.match(said, said_of(folder))
        if "absurd" not in name:
            resign(folder)
            assert re.match(said, said_of(folder))

    def test_is_refused_without_any_of_its_files(self, folder: Path) -> None:
        names = sorted(path.relative_to(folder).as_posix() for path in files_of(folder))
        assert len(names) == 13
        for name in names:
            content = (folder / name).read_bytes()
            (folder / name).unlink()

            assert said_of(folder).startswith(f"{name}: the file is missing.\n")
            (folder / name).write_bytes(content)

    @pytest.mark.parametrize(
        "name", ["LEESMIJ.md", "README.md", "verify.py", "policy", "keys.json"]
    )
    def test_is_refused_with_another_text(self, folder: Path, name: str) -> None:
        append_to(name, b"\n")(folder)

        said = said_of(folder)
        assert said.startswith(f"{name}: this is not what the manifest says") or "JSON" in said

    def test_is_refused_with_swapped_texts(self, folder: Path) -> None:
        swap("LEESMIJ.md", "README.md")(folder)

        assert said_of(folder).startswith("LEESMIJ.md: this is not what the manifest says")

    def test_is_refused_with_swapped_bundles(self, exports: Path, tmp_path: Path) -> None:
        folder = Path(shutil.copytree(exports / "complete-513", tmp_path / "export"))
        swap(BUNDLE, "tile/entries/001")(folder)

        said = said_of(folder)
        assert said.startswith("openings.ndjson, line 1 (index 0): the part 'shown' is not")
        (folder / OPENINGS).write_bytes(b"")
        resign(folder, filter={"purpose": "none"}, opened=0)
        assert re.match(rf"tile/0/000, {DISAGREES}", said_of(folder))

    @settings(max_examples=30)
    @given(st.data())
    def test_is_refused_with_any_flipped_bit(self, exports: Path, data: st.DataObject) -> None:
        folder = exports / "complete-300"
        path = data.draw(st.sampled_from(sorted(files_of(folder))))
        content = path.read_bytes()
        place = data.draw(st.integers(0, len(content) - 1))
        flip(str(path), place, data.draw(st.integers(0, 7)))(folder)

        code, said = verdict_on(folder)
        path.write_bytes(content)
        name = path.relative_to(folder).as_posix()
        assert code != verify.GENUINE
        if name.startswith("tile/entries/"):
            assert re.match(r"(tile/.*|openings\.ndjson,.*)[( ]index ", said)
        elif name != "verify.py":
            assert said.startswith(name.rstrip("0123456789"))

    def test_is_refused_when_a_leaf_and_all_above_it_were_made_again(
        self, exports: Path, folder: Path
    ) -> None:
        """Step by step, as someone would who has everything but the signed head."""
        lines_of(OPENINGS, lambda lines: lines.clear())(folder)
        resign(folder, filter={"purpose": "none"}, opened=0)
        assert verdict_on(folder)[0] == verify.GENUINE

        replace(BUNDLE, b"consent.record.given", b"consent.record.token")(folder)
        assert re.match(rf"tile/0/000, {DISAGREES}", said_of(folder))

        hashes = [merkle.leaf_hash(body) for body in leaves_in(folder, 300)]
        (folder / "tile/0/000").write_bytes(b"".join(hashes[:256]))
        assert re.match(rf"tile/1/000\.p/1, {DISAGREES}", said_of(folder))

        (folder / "tile/1/000.p/1").write_bytes(merkle.pyramid(hashes[:256])[-1][0])
        said = said_of(folder)
        assert said.startswith(
            "checkpoint, line 3: the entries in tile/entries do not give this root."
        )

    def test_is_refused_with_the_root_of_another_tree(self, folder: Path) -> None:
        """Signed by the key of the log, over entries that are not these."""
        other = checkpoint.Head(origin=django_settings.LOG_ORIGIN, size=300, root=bytes(32))
        (folder / "checkpoint").write_text(checkpoint.sign(head=other, key=logkeys.log_key()))

        assert said_of(folder).startswith("checkpoint, line 3: its root is not the one in manifest")
        resign(folder, root=in_base64(bytes(32)))
        assert said_of(folder).startswith("checkpoint, line 3: the entries in tile/entries do not")

    def test_is_refused_with_an_older_head(self, exports: Path, folder: Path) -> None:
        shutil.copy(exports / "head-257", folder / "checkpoint")

        said = said_of(folder)
        assert said.startswith("checkpoint, line 2: its size is 257; manifest.json says 300.")
        members = json.loads((exports / "complete-257/manifest.json").read_bytes())
        resign(folder, size=257, root=members["root"])
        assert said_of(folder).startswith(
            "tile/0/001.p/44: this file does not belong in the export."
        )

    def test_is_refused_with_a_head_of_an_absurd_size(self, folder: Path) -> None:
        size = 2**53 - 1
        head = checkpoint.Head(origin=django_settings.LOG_ORIGIN, size=size, root=bytes(32))
        (folder / "checkpoint").write_text(checkpoint.sign(head=head, key=logkeys.log_key()))
        resign(folder, size=size, root=in_base64(bytes(32)))

        assert said_of(folder).startswith(
            "tile/0/001.p/44: this file does not belong in the export."
        )
        (folder / LAST).unlink()
        (folder / "tile/0/001.p/44").unlink()
        (folder / "tile/1/000.p/1").unlink()
        assert said_of(folder).startswith("tile/entries/001: the file is missing.")

    def test_is_refused_when_another_key_signed_everything(self, folder: Path) -> None:
        key = Ed25519PrivateKey.generate()
        head = checkpoint.verify(
            note=(folder / "checkpoint").read_text(), verifier=proofs.signers().newest
        )
        other = checkpoint.verifier_of(key=key, origin=django_settings.LOG_ORIGIN).to_vkey()
        (folder / "checkpoint").write_text(checkpoint.sign(head=head, key=key))
        (folder / "policy").write_bytes(f"log {other}\nquorum none\n".encode())
        (folder / "keys.json").write_bytes(manifest.keys(LogKeys.of(checkpoint.parse_vkey(other))))
        resign_by(key, folder, {"vkey": other})

        assert said_of(folder).startswith(
            "manifest.json: it names another key than the one you gave."
        )
        assert verify.main([str(folder)]) == verify.GENUINE  # and warns: it agrees with itself
        resign_by(key, folder, {"vkey": vkey()})
        assert said_of(folder).startswith("manifest.json: the signature is not that of the key")

    def test_is_refused_when_it_is_of_another_log(self, folder: Path) -> None:
        resign(folder, origin="other.example/log")

        assert said_of(folder).startswith("manifest.json: it names another log than its key.")

    def test_is_refused_when_files_lie_elsewhere(self, folder: Path, tmp_path: Path) -> None:
        for name in ("README.md", "tile/entries"):
            (folder / name).rename(tmp_path / "elsewhere")
            (folder / name).symlink_to(tmp_path / "elsewhere")

            assert said_of(folder).startswith(f"{name}: this is a link or something else")
            (folder / name).unlink()
            (tmp_path / "elsewhere").rename(folder / name)
        assert verdict_on(folder)[0] == verify.GENUINE

    def test_is_refused_with_something_that_is_no_file(self, folder: Path) -> None:
        (folder / "policy").unlink()
        os.mkfifo(folder / "policy")

        assert said_of(folder).startswith("policy: this is a link or something else")


class TestManifest:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"size": "300"}, "manifest.json: the member 'size' is missing"),
            ({"size": -1}, "manifest.json: the member 'size' is missing"),
            ({"size": True}, "manifest.json: the member 'size' is missing"),
            ({"files": []}, "manifest.json: the member 'files' is missing"),
            ({"filter": None}, "manifest.json: the member 'filter' is missing"),
            ({"vkey": 1}, "manifest.json: this is not an Ed25519 key"),
            ({"entries": 301}, "manifest.json: the number of entries is not that of what is here."),
            ({"opened": 299}, "manifest.json: the number of entries is not that of what is here."),
            ({"root": "AAAA"}, "checkpoint, line 3: its root is not the one in manifest.json."),
            (
                {"filter": {"since": "yesterday"}},
                "manifest.json, the filter: a moment in it is none.",
            ),
            (
                {"filter": {"kinds": "a"}},
                "manifest.json, the filter: the member 'kinds' is missing",
            ),
            ({"files": {}}, "LEESMIJ.md: this is not what the manifest says"),
        ],
    )
    def test_that_says_something_else_is_refused(
        self, folder: Path, change: dict[str, Json], said: str
    ) -> None:
        resign(folder, **change)

        assert said_of(folder).startswith(said)

    @pytest.mark.parametrize("change", [{"format": "regie-export/2"}, {"kind": "other"}])
    def test_of_a_format_that_it_does_not_know_is_unreadable(
        self, folder: Path, change: dict[str, Json]
    ) -> None:
        resign(folder, **change)

        said = said_of(folder, code=verify.UNREADABLE)
        assert said.startswith("manifest.json: this is not an export of the kind")

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (append_to("manifest.json", b" "), "manifest.json, byte "),
            (append_to("manifest.json", b"{}\n"), "manifest.json, byte "),
            (replace("manifest.json", b'"size":300', b'"size":300,"size":300'), "manifest.json: "),
            (
                replace("manifest.json", b'"size":300', b'"size":299'),
                "manifest.json: the signature",
            ),
            (
                replace("manifest.json", b'"signature":"', b'"signature":"AAAA'),
                "manifest.json: the sig",
            ),
            (replace("manifest.json", b"}\n", b"}x"), "manifest.json, byte "),
        ],
    )
    def test_in_another_form_is_refused(self, folder: Path, change: Change, said: str) -> None:
        change(folder)

        assert said_of(folder).startswith(said)

    def test_that_says_that_the_log_is_broken_is_not_called_genuine(self, folder: Path) -> None:
        resign(
            folder, verification={"state": "broken", "firstFault": "Table audit_leaf, index 1: x."}
        )

        assert said_of(folder).startswith(
            "manifest.json: when this was made, the log did not pass its own check: Table audit_leaf"
        )


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


class TestFilter:
    def test_of_a_period_and_kinds_opens_everything_that_fits(self, tmp_path: Path) -> None:
        for number in range(6):
            kind = EventKind.CONSENT_GIVEN if number % 2 else EventKind.CONSENT_REFUSED
            append(an_event(kind=kind, at=NOW + timedelta(seconds=number)))
        operations.settle(at=NOW)
        filters = [
            (EntryFilter(since=NOW + timedelta(seconds=2)), [3, 4, 5]),  # NOW has parts of a second
            (EntryFilter(until=(NOW + timedelta(seconds=2)).replace(microsecond=0)), [0, 1]),
            (EntryFilter(kind=EventKind.CONSENT_GIVEN), [1, 3, 5]),
            (EntryFilter(kinds=frozenset({EventKind.CONSENT_REFUSED})), [0, 2, 4]),
            (EntryFilter(since=NOW, kind=EventKind.CONSENT_GIVEN, purpose="none"), []),
        ]
        for number, (filter_, indexes) in enumerate(filters):
            folder = exported(tmp_path / str(number), 6, filter_=filter_)

            assert f"opened: {len(indexes)}.\n" in said_of(folder, code=verify.GENUINE)
            lines = (folder / OPENINGS).read_bytes().splitlines()
            assert [json.loads(line)["index"] for line in lines] == indexes

    def test_that_hides_what_fits_is_refused(self, folder: Path) -> None:
        resign(folder, filter={"kind": "consent.record.refused"})
        assert said_of(folder).startswith(
            "openings.ndjson: entry 0 lies outside the filter of the export."
        )

        lines_of(OPENINGS, lambda lines: lines.clear())(folder)
        resign(folder, filter={"since": NOW.isoformat()}, opened=0)
        assert verdict_on(folder)[0] == verify.GENUINE
        resign(folder, filter={"until": "2026-11-24T10:30:16+01:00"}, opened=0)
        assert said_of(folder).startswith("openings.ndjson: entry 0 was left out.")

    def test_that_cannot_be_seen_in_a_leaf_hides_what_it_hides(self, folder: Path) -> None:
        lines_of(OPENINGS, lambda lines: lines.pop(0))(folder)
        resign(folder, filter={"subject": str(ANNA)}, opened=299)

        assert verdict_on(folder)[0] == verify.GENUINE


class TestDamagedEntry:
    @pytest.mark.parametrize(
        ("contents", "place"),
        [
            (Contents.COMPLETE, "openings.ndjson, line 2"),
            (Contents.SELECTION, "selection.jsonl, line 3"),
        ],
    )
    def test_is_refused_where_it_is(self, tmp_path: Path, contents: Contents, place: str) -> None:
        log_of(3)
        with lifted_triggers():
            Payload.objects.filter(entry__place__index=1).update(subject_part=b"damaged")
            folder = exported(tmp_path, 3, contents=contents)

        said = f"{place}: the organisation could not open this entry: someone changed it.\n"
        assert said_of(folder).startswith(said)


class TestNonsense:
    """Whatever the holder of the key of the log signs: a sentence, never a traceback."""

    @pytest.mark.parametrize(
        ("kind", "name"),
        [
            ("complete-257", "manifest.json"),
            ("complete-257", "keys.json"),
            ("complete-257", "openings.ndjson"),
            ("selection", "selection.jsonl"),
        ],
    )
    @settings(max_examples=15)
    @given(data=st.data())
    def test_is_answered(self, exports: Path, kind: str, name: str, data: st.DataObject) -> None:
        kept = {path: path.read_bytes() for path in (exports / kind).glob("*.*")}
        path = exports / kind / name
        lines = path.read_bytes().splitlines(keepends=True)
        number = data.draw(st.integers(0, min(len(lines) - 1, 5)))
        members = json.loads(lines[number])
        members[data.draw(st.sampled_from(sorted(members)))] = data.draw(JSON)
        if name == "manifest.json":
            del members["signature"]
            lines[number] = manifest.signed(members, key=logkeys.log_key())
        else:
            lines[number] = canonical(members) + b"\n"
        path.write_bytes(b"".join(lines))
        if name != "manifest.json":
            resign(exports / kind)

        try:
            code, said = verdict_on(exports / kind)
        finally:
            for changed, content in kept.items():
                changed.write_bytes(content)
        assert code in {verify.GENUINE, verify.NOT_GENUINE, verify.UNREADABLE}
        assert said


class TestOtherKinds:
    @pytest.fixture(params=[Contents.SELECTION, Contents.TABLE])
    def other(self, request: pytest.FixtureRequest, exports: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(exports / request.param, tmp_path / request.param))

    def test_are_refused_without_any_of_their_files(self, other: Path) -> None:
        for path in sorted(files_of(other)):
            content = path.read_bytes()
            path.unlink()

            assert said_of(other).startswith(f"{path.name}: the file is missing.\n")
            path.write_bytes(content)

    def test_are_refused_with_any_changed_file(self, other: Path) -> None:
        for path in sorted(files_of(other)):
            content = path.read_bytes()
            for offset in (5, len(content) - 2):
                flip(path.name, offset)(other)

                code, said = verdict_on(other)
                assert code != verify.GENUINE
                assert path.name in said
                path.write_bytes(content)
            append_to(path.name, b"{}\n")(other)
            assert said_of(other).startswith(path.name)
            path.write_bytes(content)

    def test_are_refused_with_a_file_too_many(self, other: Path) -> None:
        add("tile/0/000")(other)

        assert said_of(other).startswith("tile/0/000: this file does not belong in the export.")

    def test_of_an_older_log_are_refused(self, exports: Path, tmp_path: Path) -> None:
        folder = Path(shutil.copytree(exports / "selection", tmp_path / "export"))
        for change, said in (
            (
                {"size": 299},
                "selection.jsonl, line 1, the signed head, line 2: its size is 300; manifest.json says",
            ),
            (
                {"root": "x", "size": 300},
                "selection.jsonl, line 1, the signed head, line 3: its root is not the one",
            ),
            ({"entries": 99}, "selection.jsonl, line 1: its filter or number of entries is not"),
            ({"filter": {}}, "selection.jsonl, line 1: its filter or number of entries is not"),
        ):
            shutil.copy(exports / "selection/manifest.json", folder / "manifest.json")
            resign(folder, **change)

            assert said_of(folder).startswith(said)

    def test_cannot_show_that_nothing_was_left_out(self, other: Path, exports: Path) -> None:
        for arguments in (
            ("--tag-key", in_base64(bytes(32))),
            ("--checkpoint", str(exports / "head-1")),
        ):
            said = said_of(other, *arguments, code=verify.UNREADABLE)
            assert said.startswith("--checkpoint and --tag-key need a complete export.")


class TestOlderHead:
    @pytest.mark.parametrize("size", [1, 256, 257, 300])
    def test_is_continued_by_the_export(self, exports: Path, size: int) -> None:
        head = str(exports / f"head-{size}")

        said = said_of(exports / "complete-300", "--checkpoint", head, code=verify.GENUINE)
        assert f"It continues the older head, of {size} entries.\n" in said

    def signed(self, tmp_path: Path, size: int, *, key: Ed25519PrivateKey | None = None) -> str:
        head = checkpoint.Head(origin=django_settings.LOG_ORIGIN, size=size, root=bytes(32))
        path = tmp_path / "older"
        path.write_text(checkpoint.sign(head=head, key=key or logkeys.log_key()))
        return str(path)

    @pytest.mark.parametrize("size", [1, 255, 256, 257, 299, 300])
    def test_of_a_log_that_was_rewritten_is_refused(
        self, exports: Path, tmp_path: Path, size: int
    ) -> None:
        said = said_of(exports / "complete-300", "--checkpoint", self.signed(tmp_path, size))
        assert said.startswith(
            f"--checkpoint: the first {size} entries of the export are not those"
        )

    @pytest.mark.parametrize("size", [0, 301, 2**62])
    def test_that_is_longer_or_empty_is_refused(
        self, exports: Path, tmp_path: Path, size: int
    ) -> None:
        said = said_of(exports / "complete-300", "--checkpoint", self.signed(tmp_path, size))
        assert said.startswith(f"--checkpoint: a log of 300 cannot continue one of {size}.")

    def test_of_another_log_or_key_is_refused(self, exports: Path, tmp_path: Path) -> None:
        folder, path = exports / "complete-300", tmp_path / "older"
        key = Ed25519PrivateKey.generate()
        other = checkpoint.Head(origin="other.example", size=1, root=bytes(32))
        path.write_text(checkpoint.sign(head=other, key=key))
        assert said_of(folder, "--checkpoint", str(path)).startswith(
            "--checkpoint: it is of another"
        )

        older = self.signed(tmp_path, 1, key=key)
        said = said_of(folder, "--checkpoint", older)
        assert said.startswith("--checkpoint: it is not signed by the key of the log.")

        path.write_text("nonsense")
        assert said_of(folder, "--checkpoint", older).startswith("--checkpoint: a signed head has")

    def test_may_be_signed_by_a_key_that_counted_then(self, folder: Path, exports: Path) -> None:
        """The key was replaced after 299 entries; the head of 257 is still that of the older key."""
        replaced = Ed25519PrivateKey.generate()
        old = checkpoint.verifier_of(key=replaced, origin=django_settings.LOG_ORIGIN).to_vkey()
        keys = (
            KeyRange(verifier=checkpoint.parse_vkey(old), last=299),
            KeyRange(verifier=checkpoint.parse_vkey(vkey()), first=257),
        )
        (folder / "keys.json").write_bytes(manifest.keys(LogKeys(keys)))
        resign(folder)
        note = (exports / "head-257").read_text()
        head = checkpoint.verify(note=note, verifier=proofs.signers().newest)
        for older in (note, checkpoint.sign(head=head, key=replaced)):
            (folder.parent / "older").write_text(older)

            said_of(folder, "--checkpoint", str(folder.parent / "older"), code=verify.GENUINE)

    def test_that_is_not_there_is_unreadable(self, exports: Path, tmp_path: Path) -> None:
        arguments = ("--checkpoint", str(tmp_path / "absent"))

        said = said_of(exports / "complete-300", *arguments, code=verify.UNREADABLE)
        assert "absent cannot be read: No such file" in said


class TestTagKey:
    def test_finds_every_entry_about_one_customer(self, tmp_path: Path) -> None:
        log_of(7)
        keys = [keyring.tag_key(keyring.living_key(owner_id=who, at=NOW)) for who in (ANNA, BRAM)]
        folder = exported(tmp_path, 7, filter_=EntryFilter(purpose="none"))

        said = said_of(folder, "--tag-key", in_base64(keys[0]), code=verify.GENUINE)
        assert [line for line in said.splitlines() if line.startswith("Entry")] == [
            f"Entry {index}: consent.record.given, at 2026-11-24T09:30:15Z, by data-subject."
            for index in (0, 3, 6)
        ]
        assert said.endswith("Number of entries about this customer: 3.\n")
        said = said_of(folder, "--tag-key", in_base64(keys[1]), code=verify.GENUINE)
        assert said.endswith("Number of entries about this customer: 2.\n")
        said = said_of(folder, "--tag-key", in_base64(bytes(32)), code=verify.GENUINE)
        assert said.endswith("Number of entries about this customer: 0.\n")

    def test_is_read_from_the_file_of_the_customer(self, tmp_path: Path) -> None:
        log_of(7)
        key = keyring.tag_key(keyring.living_key(owner_id=BRAM, at=NOW))
        folder, path = exported(tmp_path / "export", 7), tmp_path / "sleutel.json"
        path.write_bytes(tag_key.to_bytes(key=key, origin=django_settings.LOG_ORIGIN))

        said = said_of(folder, "--tag-key", str(path), code=verify.GENUINE)
        assert said.endswith("Number of entries about this customer: 2.\n")
        path.write_text('{"tagKey": 1}')
        said = said_of(folder, "--tag-key", str(path), code=verify.UNREADABLE)
        assert said.startswith("--tag-key: the member 'tagKey' is missing")

    @pytest.mark.parametrize("key", ["nonsense", "", "AAAA"])
    def test_that_is_none_is_unreadable(self, exports: Path, key: str) -> None:
        said = said_of(exports / "complete-300", "--tag-key", key, code=verify.UNREADABLE)
        assert said.startswith("--tag-key: this ")


class TestKnownKeys:
    """`--keys`: what the log publishes at /log/vkey."""

    @pytest.mark.parametrize(
        ("below", "code", "what"),
        [
            ("", verify.GENUINE, "It is genuine."),
            ("\n\n{key} 0 -", verify.GENUINE, "It is genuine."),
            ("\n\n{key} 301 -", verify.NOT_GENUINE, "--keys: the key that signed this does not"),
            ("\n\n{key} 0 299", verify.NOT_GENUINE, "--keys: the key that signed this does not"),
            ("\n\n{key} 0", verify.UNREADABLE, "--keys, line 3: this is not a key with its"),
            ("\n\n{key} 0 -1", verify.UNREADABLE, "--keys, line 3: this is not a key with its"),
        ],
    )
    def test_count_for_their_sizes(
        self, exports: Path, tmp_path: Path, below: str, code: int, what: str
    ) -> None:
        keys, said = tmp_path / "keys", StringIO()
        keys.write_text(f"{vkey()}{below.format(key=vkey())}\n")

        with redirect_stdout(said):
            ended = verify.main([str(exports / "complete-300"), "--keys", str(keys)])
        assert (ended, said.getvalue().startswith(what)) == (code, True), said.getvalue()


class TestWitnesses:
    def test_are_no_matter_of_a_table(self, exports: Path, tmp_path: Path) -> None:
        (tmp_path / "policy").write_text(f"log {vkey()}\nquorum none\n")

        arguments = ("--policy", str(tmp_path / "policy"))
        said = said_of(exports / "table", *arguments, code=verify.UNREADABLE)
        assert said.startswith("--policy needs a complete export, a selection or a proof.")
        for kind in ("complete-300", "selection"):
            said = said_of(exports / kind, *arguments, code=verify.GENUINE)
            assert "As many witnesses signed its head as your policy asks for." in said

    def test_are_counted_when_the_policy_asks_for_them(self, exports: Path, folder: Path) -> None:
        note = (folder / "checkpoint").read_text()
        message = note.partition("\n\n")[0] + "\n"
        witnesses = policy_of("group g 2 w0 w1 w2", "quorum g").split(b"\n", 1)[1]
        (folder / "policy").write_bytes(f"log {vkey()}\n".encode() + witnesses)
        for number in (0, 2):
            resign(folder)
            assert said_of(folder).startswith(
                "checkpoint: fewer witnesses signed it than the policy"
            )
            note += cosignature(number, message=message)
            (folder / "checkpoint").write_text(note)
        resign(folder)

        said_of(folder, code=verify.GENUINE)
        metamorphic_log.checkpoint_verify(note, [vkey()])


class TestFolder:
    def test_without_an_export_is_unreadable(self, tmp_path: Path) -> None:
        (tmp_path / "note.txt").touch()

        assert said_of(tmp_path, code=verify.UNREADABLE).startswith("The folder holds no export.")

    def test_is_the_one_of_the_program_when_none_is_named(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert verify.main([]) == verify.NOT_GENUINE  # here it lies in our source
        assert "verify.py" not in capsys.readouterr().out.split(":")[0]

    def test_and_not_a_file_is_what_the_other_options_are_about(self, exports: Path) -> None:
        path = exports / "selection/selection.jsonl"

        said = said_of(path, "--tag-key", in_base64(bytes(32)), code=verify.UNREADABLE)
        assert said.startswith("--checkpoint and --tag-key need the folder of a complete export.")
