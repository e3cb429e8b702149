"""Files that hold secrets: made once, readable by their owner alone, and named when they cannot be."""

import stat
from pathlib import Path

import pytest

from audit.keyfiles import KeyFileError, read_or_make


class TestReadOrMake:
    def test_makes_a_file_that_only_its_owner_can_read(self, tmp_path: Path) -> None:
        path = tmp_path / "keys" / "some.key"

        assert read_or_make(path, lambda: b"first") == b"first"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert [found.name for found in path.parent.iterdir()] == ["some.key"]

    def test_makes_it_once(self, tmp_path: Path) -> None:
        read_or_make(tmp_path / "some.key", lambda: b"first")

        assert read_or_make(tmp_path / "some.key", lambda: b"second") == b"first"

    def test_takes_the_file_of_another_process_that_was_just_ahead(self, tmp_path: Path) -> None:
        path = tmp_path / "some.key"

        def slow() -> bytes:
            path.write_bytes(b"theirs")
            return b"ours"

        assert read_or_make(path, slow) == b"theirs"
        assert [found.name for found in tmp_path.iterdir()] == ["some.key"]

    def test_says_what_to_do_when_it_cannot(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        with pytest.raises(KeyFileError, match="REGIE_KEYS_DIR"):
            read_or_make(tmp_path / "file" / "some.key", lambda: b"")
