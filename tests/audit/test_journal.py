"""The journal keeps every signed head, whole or not at all."""

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from audit import journal
from audit.journal import JournalError

NOTES = [f"regie.example/log\n{size}\nroot\n\n— regie.example/log x\n" for size in range(3)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log" / "journal"


def write(path: Path, *notes: str) -> None:
    for note in notes:
        with journal.opened(path) as kept:
            kept.append(note)


def last(path: Path) -> str | None:
    with journal.opened(path) as kept:
        return kept.last()


class TestJournal:
    def test_is_empty_at_first_and_readable_by_its_owner_alone(self, path: Path) -> None:
        assert last(path) is None
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_gives_back_the_last_note(self, path: Path) -> None:
        write(path, *NOTES)

        assert last(path) == NOTES[-1]
        assert len(path.read_bytes().splitlines()) == len(NOTES)

    @pytest.mark.parametrize("cut", range(1, 60, 7))
    def test_forgets_a_line_that_a_crash_cut_off(self, path: Path, cut: int) -> None:
        write(path, *NOTES)
        whole = path.read_bytes()
        path.write_bytes(whole[:-cut])

        assert last(path) == NOTES[-2]
        write(path, NOTES[-1])
        assert path.read_bytes() == whole

    def test_forgets_a_first_line_that_a_crash_cut_off(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_bytes(b'{"note":"reg')

        assert last(path) is None
        write(path, NOTES[0])
        assert last(path) == NOTES[0]

    @pytest.mark.parametrize(
        "line", [b"nonsense\n", b"{}\n", b"[]\n", b'{"note":1}\n', b'{"note": "x"}\n', b"\xff\n"]
    )
    def test_is_refused_when_its_last_line_is_none(self, path: Path, line: bytes) -> None:
        write(path, NOTES[0])
        with path.open("ab") as file:
            file.write(line)

        with pytest.raises(JournalError, match="nothing is signed until then"):
            last(path)

    def test_is_refused_when_it_is_another_file(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_bytes(b"\0" * 300_000)

        with pytest.raises(JournalError, match="is not the journal of a log"):
            last(path)

    def test_reads_no_more_than_the_end(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_bytes(b"x" * 400_000 + b"\n")
        write(path, NOTES[0])

        assert last(path) == NOTES[0]

    def test_says_what_to_do_when_it_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        with pytest.raises(JournalError, match="Make room"):
            last(tmp_path / "file" / "journal")

    def test_says_what_to_do_when_the_disk_is_full_and_goes_on_when_there_is_room(
        self, path: Path
    ) -> None:
        """As if the disk ended in the middle of the second line."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        write(path, "x" * 50)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            with pytest.raises(
                JournalError, match=r"\(File too large\)\. New heads are not signed"
            ):
                write(path, "y" * 50)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        assert path.stat().st_size == 100
        assert last(path) == "x" * 50
        write(path, NOTES[0])
        assert last(path) == NOTES[0]

    def test_is_held_by_one_process_at_a_time(self, path: Path) -> None:
        program = (
            "import sys; from pathlib import Path; from audit import journal\n"
            "for number in range(200):\n"
            "    with journal.opened(Path(sys.argv[1])) as kept:\n"
            "        kept.append(str(int(kept.last() or 0) + 1))\n"
        )
        processes = [
            subprocess.Popen([sys.executable, "-c", program, str(path)], cwd=settings.BASE_DIR)
            for _ in range(4)
        ]
        assert [process.wait(timeout=60) for process in processes] == [0] * 4

        assert last(path) == "800"
        assert len(path.read_bytes().splitlines()) == 800

    def test_leaves_no_file_open(self, path: Path) -> None:
        before = os.listdir("/proc/self/fd")  # noqa: PTH208  descriptors are no paths
        write(path, *NOTES)

        assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208

    def test_gives_back_every_whole_note(self, path: Path) -> None:
        write(path, *NOTES)
        with path.open("ab") as file:
            file.write(b'{"note":"half')

        assert list(journal.notes(path)) == NOTES

    def test_that_is_a_folder_has_no_notes(self, tmp_path: Path) -> None:
        with pytest.raises(JournalError, match="cannot be read"):
            list(journal.notes(tmp_path))
