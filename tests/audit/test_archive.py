"""An officer's export: the same bytes whatever happens while it is made, and one zip file of it."""

import hashlib
import json
import zipfile
from itertools import islice
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import archive, archive_kinds, keyring, operations
from audit.archive import Contents, NothingSignedError, ResumeError
from audit.contents import ROWS_IN
from audit.models import Leaf, LogEntry, Payload, VerificationRun
from audit.queries import EntryFilter
from audit.tree import LogBrokenError
from tests.audit import direct_export
from tests.audit.builders import ANNA, NOW, an_event, append, lifted_triggers, log_of, verified

pytestmark = pytest.mark.django_db

EVERYTHING = EntryFilter()
ABOUT_ANNA = EntryFilter(subject_id=ANNA)


def made(
    folder: Path,
    contents: Contents,
    *,
    size: int,
    filter_: EntryFilter = EVERYTHING,
    done: int = 0,
) -> list[int]:
    """Write an export, and return how far it said to be after each chunk."""
    steps = archive.write(
        contents=contents, folder=folder, filter=filter_, size=size, at=NOW, done=done
    )
    return list(steps)


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def manifest_in(folder: Path) -> dict[str, object]:
    members: dict[str, object] = json.loads((folder / "manifest.json").read_bytes())
    return members


def openings_in(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "openings.ndjson").read_bytes().splitlines()]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_kinds, "_BUNDLES", 1)
    monkeypatch.setattr(archive_kinds, "_ROWS", 100)


class TestWriting:
    @pytest.mark.parametrize("contents", Contents)
    @pytest.mark.usefixtures("small_chunks")
    def test_goes_on_after_every_chunk_as_if_nothing_happened(
        self, tmp_path: Path, contents: Contents
    ) -> None:
        log_of(300)
        whole = tmp_path / "whole"
        steps = made(whole, contents, size=300)
        assert len(steps) == (2 if contents is Contents.COMPLETE else 3)
        assert steps[-1] == archive.total(contents=contents, filter=EVERYTHING, size=300)

        for number, done in enumerate([0, *steps]):
            folder = tmp_path / str(number)
            writing = archive.write(
                contents=contents, folder=folder, filter=EVERYTHING, size=300, at=NOW
            )
            heard = min(number + 1, len(steps))  # one chunk more was written than anyone heard of
            assert list(islice(writing, heard)) == steps[:heard]
            with (folder / ROWS_IN[contents]).open("ab") as torn:
                torn.write(b'{"half a li')

            assert made(folder, contents, size=300, done=done) == steps[number:]
            assert files_in(folder) == files_in(whole)

    @pytest.mark.parametrize("contents", Contents)
    def test_goes_on_when_it_stopped_between_the_last_row_and_the_manifest(
        self, tmp_path: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log_of(3)
        made(tmp_path / "whole", contents, size=3)
        with monkeypatch.context() as absent:
            absent.setattr(archive, "_VERIFIER", tmp_path / "absent.py")
            with pytest.raises(FileNotFoundError):
                made(tmp_path / "stopped", contents, size=3)

        assert made(tmp_path / "stopped", contents, size=3, done=3) == []
        assert files_in(tmp_path / "stopped") == files_in(tmp_path / "whole")

    def test_that_ended_stays_as_it_is(self, tmp_path: Path) -> None:
        log_of(3)
        made(tmp_path, Contents.SELECTION, size=3)
        expected = files_in(tmp_path)
        (tmp_path / ".progress").write_bytes(b"3 1 2\n")  # nobody was left to remove it

        assert made(tmp_path, Contents.SELECTION, size=3, done=3) == []
        assert files_in(tmp_path) == expected

    @pytest.mark.parametrize("kept", [None, b"", b"1 0 0\n", b"2 0\n"])
    def test_begins_again_only_when_told_that_its_parts_are_gone(
        self, tmp_path: Path, kept: bytes | None
    ) -> None:
        log_of(3)
        if kept is not None:
            (tmp_path / ".progress").write_bytes(kept)

        with pytest.raises(ResumeError):
            made(tmp_path, Contents.SELECTION, size=3, done=2)

    def test_needs_a_signed_head_of_that_size(self, tmp_path: Path) -> None:
        log_of(3)

        with pytest.raises(NothingSignedError):
            made(tmp_path, Contents.COMPLETE, size=2)

    def test_says_which_entries_are_missing(self, tmp_path: Path) -> None:
        log_of(3)

        with lifted_triggers():
            Leaf.objects.filter(index=1).delete()
            with pytest.raises(LogBrokenError, match="Entries 0 to 3 of the log are missing"):
                made(tmp_path, Contents.COMPLETE, size=3)

    @pytest.mark.parametrize("contents", Contents)
    @pytest.mark.usefixtures("small_chunks")
    def test_costs_as_many_queries_for_every_chunk(
        self, tmp_path: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archive_kinds, "_ROWS", 64)
        log_of(513)
        writing = archive.write(
            contents=contents, folder=tmp_path, filter=EVERYTHING, size=512, at=NOW
        )
        with pytest.raises(NothingSignedError):
            next(writing)
        asked = []
        writing = archive.write(
            contents=contents, folder=tmp_path, filter=EVERYTHING, size=513, at=NOW
        )
        next(writing)
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                next(writing)
            asked.append(len(queries))

        assert max(asked) <= 4
        assert asked[0] >= asked[1]


class TestTotal:
    def test_is_what_the_writing_goes_through(self, tmp_path: Path) -> None:
        log_of(7)
        for contents, rows in ((Contents.COMPLETE, 7), (Contents.TABLE, 3)):
            counted = archive.total(contents=contents, filter=ABOUT_ANNA, size=7)

            steps = made(tmp_path / contents, contents, size=7, filter_=ABOUT_ANNA)
            assert counted == steps[-1] == rows

    def test_does_not_go_past_the_signed_head(self, tmp_path: Path) -> None:
        log_of(2)
        log_of(3)

        assert archive.total(contents=Contents.SELECTION, filter=EVERYTHING, size=2) == 2
        assert made(tmp_path, Contents.SELECTION, size=2) == [2]


class TestCompleteExport:
    def test_opens_only_what_was_asked_for(self, tmp_path: Path) -> None:
        log_of(7)
        made(tmp_path, Contents.COMPLETE, size=7, filter_=ABOUT_ANNA)

        opened = openings_in(tmp_path)
        assert [line["index"] for line in opened] == [0, 3, 6]
        assert opened[0]["shown"] == {"dataCategory": "usage", "purpose": "lekwaarschuwing"}
        assert opened[0]["internal"] == {"channel": "portal"}
        assert opened[0]["kind"] == "consent.record.given"
        assert (opened[0]["at"], opened[0]["actor"]) == ("2026-11-24T09:30:15Z", "data-subject")
        assert manifest_in(tmp_path)["opened"] == 3
        bundle = (tmp_path / "tile/entries/000.p/7").read_bytes()
        assert bundle.count(b'"v":1') == 7

    def test_shows_nothing_of_what_was_erased(self, tmp_path: Path) -> None:
        log_of(3)
        keyring.destroy(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)
        made(tmp_path, Contents.COMPLETE, size=3)

        of_anna, of_bram, of_nobody = openings_in(tmp_path)
        assert (of_anna["shown"], of_anna["shownOpening"]) == (None, None)
        assert of_anna["internal"] == {"channel": "portal"}
        assert of_bram["shown"]
        assert (of_nobody["shown"], of_nobody["shownOpening"]) == (None, None)
        assert "damaged" not in of_anna

    def test_tells_of_what_someone_damaged(self, tmp_path: Path) -> None:
        log_of(2)

        with lifted_triggers():
            Payload.objects.filter(entry__place__index=1).update(subject_part=b"damaged")
            made(tmp_path, Contents.COMPLETE, size=2)

        sound, damaged = openings_in(tmp_path)
        assert "damaged" not in sound
        assert damaged["damaged"] is True
        assert (damaged["shown"], damaged["internal"]) == (None, {"channel": "portal"})

    def test_writes_a_text_of_the_database_as_json(self, tmp_path: Path) -> None:
        log_of(1)

        with lifted_triggers():
            LogEntry.objects.update(kind='a"b')
            made(tmp_path, Contents.COMPLETE, size=1)

        assert openings_in(tmp_path)[0]["kind"] == 'a"b'


class TestSelection:
    def test_holds_the_bytes_that_are_written_in_one_go(self, tmp_path: Path) -> None:
        log_of(7)
        made(tmp_path, Contents.SELECTION, size=7, filter_=ABOUT_ANNA)

        content = (tmp_path / "selection.jsonl").read_bytes()
        assert content == b"".join(direct_export.json_lines(selected=ABOUT_ANNA, at=NOW))

    def test_may_be_empty(self, tmp_path: Path) -> None:
        log_of(1)
        nothing = EntryFilter(purpose="none")

        for contents in (Contents.SELECTION, Contents.TABLE):
            assert made(tmp_path / contents, contents, size=1, filter_=nothing) == []
            assert manifest_in(tmp_path / contents)["entries"] == 0


class TestTable:
    def test_holds_the_bytes_that_are_written_in_one_go(self, tmp_path: Path) -> None:
        append(an_event(recipient="=SUM(1)"))
        operations.settle(at=NOW)
        made(tmp_path, Contents.TABLE, size=1)

        content = (tmp_path / "table.csv").read_bytes()
        assert content == b"".join(direct_export.table(selected=EVERYTHING))
        assert b",'=SUM(1)," in content


class TestManifest:
    def test_says_what_there_is_and_what_it_proves(self, tmp_path: Path) -> None:
        log_of(7)
        made(tmp_path, Contents.COMPLETE, size=7, filter_=ABOUT_ANNA)

        members = manifest_in(tmp_path)
        assert (members["format"], members["kind"]) == ("regie-export/1", "complete")
        assert (members["size"], members["entries"], members["opened"]) == (7, 7, 3)
        assert members["filter"] == {"subject": str(ANNA)}
        assert str(members["proves"]).startswith("Genuine and complete")
        assert members["exportedAt"] == "2026-11-24T09:30:15Z"
        assert members["verification"] == {"state": "never"}

    def test_can_be_checked_with_the_programs_of_any_computer(self, tmp_path: Path) -> None:
        log_of(257)
        made(tmp_path, Contents.COMPLETE, size=257)
        found = manifest_in(tmp_path)["files"]
        assert isinstance(found, dict)

        listing = "".join(
            f"{hashlib.sha256(content).hexdigest()}  {name}\n"
            for name, content in sorted(files_in(tmp_path).items())
            if name.startswith("tile/0/")
        )
        assert found["tile/0/"] == {
            "bytes": 257 * 32,
            "files": 2,
            "sha256": hashlib.sha256(listing.encode()).hexdigest(),
        }
        names = {"tile/0/", "tile/1/", "tile/entries/"}
        others = {name for name in files_in(tmp_path) if not name.startswith("tile/")}
        assert set(found) == (names | others) - {"manifest.json"}

    def test_says_what_the_last_check_found(self, tmp_path: Path) -> None:
        log_of(2)
        verified()
        made(tmp_path / "sound", Contents.TABLE, size=2)
        VerificationRun.objects.create(
            started_at=NOW, finished_at=NOW, counted=2, faults=1, first_fault="A.", root=bytes(32)
        )
        made(tmp_path / "broken", Contents.TABLE, size=2)

        said = manifest_in(tmp_path / "sound")["verification"]
        assert said == {
            "state": "sound", "at": "2026-11-24T09:30:15Z", "counted": 2, "faults": 0, "firstFault": "",
        }  # fmt: skip
        said = manifest_in(tmp_path / "broken")["verification"]
        assert isinstance(said, dict)
        assert (said["state"], said["firstFault"]) == ("broken", "A.")
        for name, warning in (("LEESMIJ.md", "Let op"), ("README.md", "Warning")):
            assert warning in (tmp_path / "broken" / name).read_text(encoding="utf-8")
            assert warning not in (tmp_path / "sound" / name).read_text(encoding="utf-8")


class TestPacking:
    def test_makes_one_zip_file_of_the_folder(self, tmp_path: Path) -> None:
        log_of(3)
        folder, destination = tmp_path / "folder", tmp_path / "export.zip"
        made(folder, Contents.COMPLETE, size=3)
        destination.with_name("export.zip.part").write_bytes(b"of a crash")

        archive.pack(folder=folder, destination=destination, at=NOW)

        with zipfile.ZipFile(destination) as packed:
            assert packed.testzip() is None
            content = {name: packed.read(name) for name in packed.namelist()}
            assert packed.infolist()[0].date_time == (2026, 11, 24, 9, 30, 14)
        expected = {f"regie-complete-3/{name}": file for name, file in files_in(folder).items()}
        assert content == expected
        assert sorted(path.name for path in tmp_path.iterdir()) == ["export.zip", "folder"]

    def test_makes_the_same_file_again(self, tmp_path: Path) -> None:
        log_of(3)
        made(tmp_path / "folder", Contents.TABLE, size=3)
        for name in ("one.zip", "two.zip"):
            archive.pack(folder=tmp_path / "folder", destination=tmp_path / name, at=NOW)

        assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
