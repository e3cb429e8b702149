"""The master key is replaced: what lives still opens, what was erased opens nowhere, and each step may be cut off."""

import json
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from audit import keyring, masterkeys, operations, queries
from audit.events import EventKind
from audit.keyfiles import KeyFileError, destroy_file, destroy_leftovers
from audit.keyring import KeyDestroyedError, SealBrokenError
from audit.masterkeys import MasterKey
from audit.models import Key, LogEntry
from audit.operations import master_rotation
from tests.audit.builders import (
    ANNA,
    BRAM,
    NOW,
    an_event,
    append,
    lifted_triggers,
    log_of,
    remembered_keys,
    verified,
)

pytestmark = pytest.mark.django_db

LABELS = ("email", "reference", "recovery-code", "throttle/code-address", "a label of later")


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    """A key folder that no other test uses."""
    made = tmp_path / "keys"
    settings.KEYS_DIR = made
    return made


def rotate() -> operations.Rotation:
    return operations.rotate_master_key(at=NOW)


def sealed_for(owner: object = ANNA) -> tuple[Key, bytes]:
    key = keyring.living_key(owner_id=owner, at=NOW)  # type: ignore[arg-type]
    return key, keyring.seal(key=key, plaintext=b"Anna", context="name")


def opened(key: Key, sealed: bytes) -> bytes:
    return keyring.open_sealed(key=key, sealed=sealed, context="name")


def hashed() -> list[str]:
    return [keyring.blind_index(label=label, value="VW-1") for label in LABELS]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if "master" in path.name}


def told() -> list[object]:
    kept = queries.EntryFilter(kind=EventKind.MASTER_KEY_ROTATED)
    found = queries.entries(filter=kept, before=None, limit=9)
    return [dict(entry.internal or {}) for entry in found]


class TestRotation:
    def test_wraps_every_living_key_again_and_destroys_the_old_master_key(
        self, folder: Path
    ) -> None:
        (anna, sealed), (bram, of_bram) = sealed_for(), sealed_for(BRAM)
        before = bytes(anna.wrapped or b"")

        done = rotate()

        # The key of the month was made for the line in the log, by the new master key.
        assert done == operations.Rotation(epoch=2, keys=2, is_resumed=False)
        assert names(folder) == {"master-2.key"}
        assert (folder / "master-2.key").stat().st_mode & 0o777 == 0o600
        anna.refresh_from_db()
        assert bytes(anna.wrapped or b"") != before
        assert (opened(anna, sealed), opened(bram, of_bram)) == (b"Anna", b"Anna")
        assert set(Key.objects.values_list("master_key_id", flat=True)) == {
            masterkeys.masters().current.id
        }

    def test_is_a_line_in_the_log_without_a_secret(self, folder: Path) -> None:
        sealed_for()

        rotate()

        current = masterkeys.masters().current
        assert told() == [{"epoch": 2, "masterKey": current.id}]
        assert json.loads((folder / "master-2.key").read_text())["key"] not in str(told())

    def test_goes_on_in_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(master_rotation, "BATCH", 1)
        (anna, sealed), _ = sealed_for(), sealed_for(BRAM)

        assert rotate().keys == 2
        assert opened(anna, sealed) == b"Anna"

    def test_can_be_done_again_and_again(self, folder: Path) -> None:
        anna, sealed = sealed_for()

        rotate()
        rotate()

        assert names(folder) == {"master-3.key"}
        assert opened(anna, sealed) == b"Anna"
        assert [line["epoch"] for line in told()] == [3, 2]  # type: ignore[index]

    def test_leaves_the_log_whole(self) -> None:
        log_of(3)
        rotate()
        append(an_event())
        operations.settle(at=NOW)

        assert verified().first_fault == ""

    def test_leaves_every_look_up_as_it_was(self) -> None:
        sealed_for()
        before = hashed()

        for _ in range(2):
            rotate()
            assert hashed() == before

    def test_of_an_installation_from_before_there_were_epochs(self, folder: Path) -> None:
        """The file and the hash are what version 0.1 made."""
        folder.mkdir()
        (folder / "master.key").write_text(
            '{"id": "aabbccdd00112233", "key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}'
        )
        known = "0998633cf47766783cb52d6143d8dc618bdd2de8dd6a117f556f2fd0eba891f1"
        assert keyring.blind_index(label="email", value="anna@voorbeeld.example") == known
        anna, sealed = sealed_for()

        rotate()

        assert keyring.blind_index(label="email", value="anna@voorbeeld.example") == known
        assert opened(anna, sealed) == b"Anna"

    def test_is_noticed_by_a_process_that_remembers_its_keys(self) -> None:
        anna, sealed = sealed_for()

        with remembered_keys(ANNA):
            rotate()
            assert keyring.living_key(owner_id=ANNA, at=NOW) is not anna
            assert opened(anna, sealed) == b"Anna"  # the row from before the rotation
            append(an_event())

    def test_is_noticed_when_the_clock_of_the_disk_did_not_move(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        anna, sealed = sealed_for()
        look, old = masterkeys.masters, masterkeys.masters()
        rotate()
        anna.refresh_from_db()
        seen = [old, old]  # what this process remembers of the folder
        monkeypatch.setattr(masterkeys, "masters", lambda: seen.pop() if seen else look())

        assert opened(anna, sealed) == b"Anna"

    def test_does_not_bring_back_a_key_that_was_destroyed_meanwhile(self) -> None:
        anna, sealed = sealed_for()
        rotate()
        keyring.destroy(key=anna, at=NOW)  # `anna` here is still as it was before both

        with pytest.raises(KeyDestroyedError):
            opened(anna, sealed)

    def test_makes_copies_of_an_erased_key_useless(self, folder: Path, tmp_path: Path) -> None:
        anna, sealed = sealed_for()
        copy = Key.objects.get(pk=anna.pk)
        keys = tmp_path / "old keys"
        operations.destroy_key(key=anna, at=NOW)
        assert opened(copy, sealed) == b"Anna"  # the copy of the row, and the key folder of today
        shutil.copytree(folder, keys)

        rotate()

        with pytest.raises(KeyDestroyedError):
            opened(copy, sealed)
        copy.master_key_id = masterkeys.masters().current.id  # whatever is tried with it
        with pytest.raises(SealBrokenError):
            opened(copy, sealed)
        assert not any((keys / "master.key").read_bytes() in path.read_bytes()
                       for path in folder.iterdir())  # fmt: skip

    def test_keeps_a_key_that_was_made_in_the_very_instant_in_which_the_epoch_ended(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sealed_for()
        wrap = keyring._wrap_new_secret

        def rotated_in_between(key: Key) -> MasterKey:
            master = wrap(key)
            monkeypatch.setattr(keyring, "_wrap_new_secret", wrap)
            rotate()
            return master

        monkeypatch.setattr(keyring, "_wrap_new_secret", rotated_in_between)
        bram, sealed = sealed_for(BRAM)

        bram.refresh_from_db()
        assert bram.master_key_id == masterkeys.masters().current.id
        assert opened(bram, sealed) == b"Anna"


class TestRotationThatWasCutOff:
    """`tests/processes/test_rotation_kill.py` really kills it; these are the states that leaves."""

    def test_before_a_key_was_wrapped_again_is_finished(self, folder: Path) -> None:
        anna, sealed = sealed_for()
        masterkeys.begin_epoch()
        assert names(folder) == {"master.key", "master-2.key"}
        sealed_for(BRAM)  # by the newest already

        assert rotate() == operations.Rotation(epoch=2, keys=1, is_resumed=True)
        assert names(folder) == {"master-2.key"}
        assert opened(anna, sealed) == b"Anna"

    def test_halfway_leaves_everything_readable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        both = [sealed_for(), sealed_for(BRAM)]
        monkeypatch.setattr(master_rotation, "BATCH", 1)
        master_rotation._wrap_batch(masterkeys.begin_epoch())

        assert [opened(*one) for one in both] == [b"Anna", b"Anna"]
        assert rotate().keys == 1

    def test_before_it_was_told_is_told_and_no_other_begins(self, folder: Path) -> None:
        sealed_for()
        first, second = masterkeys.masters().current, masterkeys.begin_epoch()
        while master_rotation._wrap_batch(second):
            pass
        masterkeys.end_epoch(first)

        assert rotate() == operations.Rotation(epoch=2, keys=0, is_resumed=True)
        assert len(told()) == 1
        assert rotate().epoch == 3

    def test_in_the_middle_of_a_destruction_destroys_the_rest(self, folder: Path) -> None:
        sealed_for()
        rotate()
        (folder / ".master.key.destroyed").write_bytes(b"half of it")

        rotate()

        assert names(folder) == {"master-3.key"}

    def test_begins_once_when_two_begin(self) -> None:
        sealed_for()

        assert masterkeys.begin_epoch() == masterkeys.begin_epoch()

    def test_of_which_the_line_was_erased_with_its_month_counts_as_told(self) -> None:
        sealed_for()
        rotate()
        keyring.destroy(key=keyring.month_key(at=NOW), at=NOW)

        assert rotate().epoch == 3


class TestMasterKeyFile:
    def test_that_is_gone_stops_the_rotation_and_makes_nothing(self, folder: Path) -> None:
        sealed_for()
        rotate()
        (folder / "master-2.key").rename(folder / "elsewhere")

        with pytest.raises(CommandError, match=r"not rotated.*another master key.*No key was lost"):
            call_command("rotate_master_key")
        assert names(folder) == set()

    @pytest.mark.parametrize(
        "change",
        [
            lambda members: members.pop("index"),
            lambda members: members["index"].pop(""),
            lambda members: members["index"].update(email="AAAA"),
            lambda members: members.update(key="AAAA"),
            lambda members: members.update(index=["email"]),
        ],
    )
    def test_of_a_later_epoch_that_is_damaged_is_refused(
        self, folder: Path, change: Callable[[dict[str, object]], object]
    ) -> None:
        sealed_for()
        rotate()
        members = json.loads((folder / "master-2.key").read_text())
        change(members)
        (folder / "master-2.key").write_text(json.dumps(members))
        masterkeys.forget()

        with pytest.raises(KeyFileError, match=r"master-2.key is not a master key"):
            masterkeys.masters()

    def test_that_cannot_be_read_says_so(self, folder: Path) -> None:
        (folder / "master-2.key").mkdir(parents=True)

        with pytest.raises(KeyFileError, match=r"master-2.key cannot be read"):
            masterkeys.masters()

    def test_that_goes_while_it_is_read_is_gone(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "master-2.key").symlink_to(folder / "nowhere")
        (folder / "master-copy.key").write_text("no epoch")

        assert masterkeys.masters().current.epoch == 1

    def test_is_looked_for_again_when_an_epoch_began_just_now(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sealed_for()
        read = masterkeys._read
        seen: list[dict[str, MasterKey]] = [{}]
        monkeypatch.setattr(
            masterkeys, "_read", lambda folder: seen.pop() if seen else read(folder)
        )
        masterkeys.forget()

        assert masterkeys.masters().current.epoch == 1

    def test_that_cannot_be_destroyed_says_so(self, folder: Path) -> None:
        folder.mkdir()
        (folder / ".master.key.destroyed").mkdir()

        with pytest.raises(KeyFileError, match=r"cannot be destroyed \(No such file"):
            destroy_file(folder / "master.key")
        with pytest.raises(KeyFileError, match=r"cannot be destroyed \(Is a directory"):
            destroy_leftovers(folder)


class TestCommand:
    def test_says_what_was_done_and_what_to_do_next(self) -> None:
        sealed_for()
        out = StringIO()

        call_command("rotate_master_key", stdout=out)

        assert out.getvalue().startswith("It is done: 1 keys were wrapped by master key 2")
        assert "Make a backup" in out.getvalue()

    def test_says_when_it_finished_another(self) -> None:
        sealed_for()
        masterkeys.begin_epoch()
        out = StringIO()

        call_command("rotate_master_key", stdout=out)

        assert out.getvalue().startswith("The rotation that was cut off is finished")

    def test_stops_at_a_key_that_was_changed(self, folder: Path) -> None:
        sealed_for()

        with lifted_triggers():
            Key.objects.update(month="2019-01")
            with pytest.raises(CommandError, match=r"not rotated.*of another owner"):
                call_command("rotate_master_key")
        assert names(folder) == {"master.key", "master-2.key"}
        assert not LogEntry.objects.exists()


class TestEpochBegan:
    def test_is_told_by_the_last_rotation_or_else_by_the_oldest_key(self) -> None:
        assert queries.epoch_began() is None
        sealed_for()
        assert queries.epoch_began() == NOW
        rotate()

        assert queries.epoch_began() == NOW.replace(microsecond=0)
