import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from audit import keyfiles, keyring, logkeys, masterkeys, operations
from audit.keyfiles import KeyFileError
from audit.keyring import KeyDestroyedError, SealBrokenError
from audit.models import Key
from tests.audit.builders import ANNA, BRAM, NOW, log_of

pytestmark = pytest.mark.django_db


def sealed_for_anna(plaintext: bytes = b"Anna", context: str = "name") -> tuple[Key, bytes]:
    key = keyring.living_key(owner_id=ANNA, at=NOW)
    return key, keyring.seal(key=key, plaintext=plaintext, context=context)


class TestLivingKey:
    def test_is_one_per_owner(self) -> None:
        first = keyring.living_key(owner_id=ANNA, at=NOW)

        assert keyring.living_key(owner_id=ANNA, at=NOW) == first
        assert keyring.living_key(owner_id=BRAM, at=NOW) != first
        assert Key.objects.filter(owner_id=ANNA).count() == 1

    def test_is_a_new_one_after_the_old_one_was_destroyed(self) -> None:
        old = keyring.living_key(owner_id=ANNA, at=NOW)

        keyring.destroy(key=old, at=NOW)

        assert keyring.living_key(owner_id=ANNA, at=NOW) != old

    def test_is_not_remembered_when_its_transaction_is_rolled_back(self) -> None:
        with transaction.atomic():
            lost = keyring.living_key(owner_id=ANNA, at=NOW)
            transaction.set_rollback(True)

        found = keyring.living_key(owner_id=ANNA, at=NOW)

        assert found != lost
        assert Key.objects.filter(pk=found.pk).exists()

    def test_is_remembered_once_its_transaction_is_committed(
        self,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            made = keyring.living_key(owner_id=ANNA, at=NOW)

        with django_assert_num_queries(0):
            assert keyring.living_key(owner_id=ANNA, at=NOW) == made

    def test_is_not_remembered_when_it_was_destroyed_before_the_commit(
        self, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            made = keyring.living_key(owner_id=ANNA, at=NOW)
            keyring.destroy(key=made, at=NOW)

        assert keyring.living_key(owner_id=ANNA, at=NOW) != made

    def test_is_taken_from_the_process_that_stored_it_first(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = keyring.living_key(owner_id=ANNA, at=NOW)

        identity = {"kind": Key.Kind.OWNER, "owner_id": ANNA, "destroyed_at": None}
        assert keyring._made(NOW, identity) == first

    def test_costs_no_query_once_it_is_known_to_be_committed(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        key = keyring.living_key(owner_id=ANNA, at=NOW)
        keyring._uncommitted.discard(key.pk)
        keyring.living_key(owner_id=ANNA, at=NOW)

        try:
            with django_assert_num_queries(0):
                assert keyring.living_key(owner_id=ANNA, at=NOW) == key
        finally:
            keyring.forget(key)

    def test_is_forgotten_rather_than_remembered_without_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keyring, "_REMEMBERED", 1)
        monkeypatch.setattr(keyring, "_committed", {})
        for owner in (ANNA, BRAM):
            keyring._keep(owner, Key(id=uuid4()))

        assert set(keyring._committed) == {BRAM}


class TestSeal:
    def test_is_opened_by_the_same_key_in_the_same_place(self) -> None:
        key, sealed = sealed_for_anna()

        assert keyring.open_sealed(key=key, sealed=sealed, context="name") == b"Anna"

    def test_never_looks_the_same_twice(self) -> None:
        assert sealed_for_anna()[1] != sealed_for_anna()[1]

    def test_is_not_opened_in_another_place_or_by_another_key(self) -> None:
        key, sealed = sealed_for_anna()
        other = keyring.living_key(owner_id=BRAM, at=NOW)

        with pytest.raises(SealBrokenError):
            keyring.open_sealed(key=key, sealed=sealed, context="reference")
        with pytest.raises(SealBrokenError):
            keyring.open_sealed(key=other, sealed=sealed, context="name")

    def test_is_not_opened_when_one_byte_is_changed(self) -> None:
        key, sealed = sealed_for_anna()

        for place in range(len(sealed)):
            changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
            with pytest.raises(SealBrokenError):
                keyring.open_sealed(key=key, sealed=changed, context="name")

    @pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(11), b"\x01" + bytes(12)])
    def test_is_not_opened_when_it_is_cut_off(self, sealed: bytes) -> None:
        with pytest.raises(SealBrokenError):
            keyring.open_sealed(key=sealed_for_anna()[0], sealed=sealed, context="name")

    def test_is_erased_when_the_key_is_destroyed(self) -> None:
        key, sealed = sealed_for_anna()

        keyring.destroy(key=key, at=NOW)
        keyring.destroy(key=key, at=NOW)
        key.refresh_from_db()

        assert (key.wrapped, key.destroyed_at) == (None, NOW)
        with pytest.raises(KeyDestroyedError):
            keyring.open_sealed(key=key, sealed=sealed, context="name")
        with pytest.raises(KeyDestroyedError):
            keyring.seal(key=key, plaintext=b"", context="name")

    def test_leaves_nothing_in_memory_when_the_key_is_destroyed(
        self, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        key, _ = sealed_for_anna()
        keyring.tag_key(key)
        remembered = (keyring._unwrap, keyring._derived)
        assert all(one.cache_info().currsize for one in remembered)

        with django_capture_on_commit_callbacks(execute=True):
            keyring.destroy(key=key, at=NOW)
            assert not any(one.cache_info().currsize for one in remembered)
            keyring.tag_key(key)  # another thread, which does not see the destruction yet

        assert not any(one.cache_info().currsize for one in remembered)


class TestKeyRow:
    @pytest.mark.parametrize(
        "changes",
        [
            {"owner_id": BRAM},
            {"month": "2026-11"},
            {"kind": Key.Kind.MONTH},
            {"id": UUID(int=1)},
            {"wrapped": b""},
            {"wrapped": b"\x02" + bytes(60)},
            {"wrapped": b"\x01" + bytes(60)},
        ],
    )
    def test_cannot_be_given_to_someone_else(self, changes: dict[str, object]) -> None:
        key, _ = sealed_for_anna()
        for name, value in changes.items():
            setattr(key, name, value)

        with pytest.raises(SealBrokenError):
            keyring.unwrapped(key)


class TestBlindIndex:
    def test_finds_the_same_value_under_the_same_label_only(self) -> None:
        found = keyring.blind_index(label="email", value="anna@voorbeeld.example")

        assert found == keyring.blind_index(label="email", value="anna@voorbeeld.example")
        assert found != keyring.blind_index(label="reference", value="anna@voorbeeld.example")
        assert found != keyring.blind_index(label="email", value="bram@voorbeeld.example")
        assert len(found) == 64


class TestMasterKey:
    def test_is_made_when_nothing_was_sealed_yet(self, settings: Settings, tmp_path: Path) -> None:
        settings.KEYS_DIR = tmp_path

        assert masterkeys.masters().current == masterkeys.masters().current
        assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600

    def test_is_never_replaced_by_a_new_one(self, settings: Settings, tmp_path: Path) -> None:
        sealed_for_anna()
        settings.KEYS_DIR = tmp_path

        with pytest.raises(KeyFileError, match=r"Restore master.key from your backup"):
            keyring.living_key(owner_id=BRAM, at=NOW)
        assert not (tmp_path / "master.key").exists()

    def test_of_another_installation_is_refused(self, settings: Settings, tmp_path: Path) -> None:
        settings.KEYS_DIR = tmp_path
        masterkeys.masters()
        masterkeys.forget()
        Key.objects.create(kind=Key.Kind.OWNER, owner_id=ANNA, master_key_id="x", created_at=NOW)

        with pytest.raises(KeyFileError, match="another master key"):
            masterkeys.masters()

    def test_that_does_not_fit_the_row_is_refused(self) -> None:
        key, _ = sealed_for_anna()
        Key.objects.filter(pk=key.pk).update(master_key_id="another", wrapped=b"another")
        key.refresh_from_db()

        with pytest.raises(KeyFileError, match="another master key"):
            keyring.unwrapped(key)

    @pytest.mark.parametrize(
        "content", ["", "{}", "[]", '{"id":"a","key":"?"}', '{"id":"a","key":"AAAA"}', "\udcff"]
    )
    def test_that_is_damaged_is_refused(
        self, settings: Settings, tmp_path: Path, content: str
    ) -> None:
        settings.KEYS_DIR = tmp_path
        (tmp_path / "master.key").write_text(content, errors="surrogateescape")

        with pytest.raises(KeyFileError, match="not a master key"):
            masterkeys.masters()

    def test_is_json_with_an_id_and_a_key(self, settings: Settings, tmp_path: Path) -> None:
        settings.KEYS_DIR = tmp_path

        master = masterkeys.masters().current

        assert json.loads((tmp_path / "master.key").read_text())["id"] == master.id


class TestLogKey:
    def test_is_never_replaced_once_it_signed(self, settings: Settings, tmp_path: Path) -> None:
        log_of(1)
        settings.KEYS_DIR = tmp_path

        with pytest.raises(KeyFileError, match=r"Restore log.key from your backup"):
            logkeys.log_key()

    @pytest.mark.parametrize("content", [b"", b"not a key"])
    def test_that_is_damaged_is_refused(
        self, settings: Settings, tmp_path: Path, content: bytes
    ) -> None:
        settings.KEYS_DIR = tmp_path
        (tmp_path / "log.key").write_bytes(content)

        with pytest.raises(KeyFileError, match="damaged"):
            logkeys.log_key()

    def test_of_another_kind_is_refused(self, settings: Settings, tmp_path: Path) -> None:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        settings.KEYS_DIR = tmp_path
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (tmp_path / "log.key").write_bytes(pem)

        with pytest.raises(KeyFileError, match="not an Ed25519 key"):
            logkeys.log_key()

    def test_of_another_installation_signs_nothing(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        log_of(1)
        settings.KEYS_DIR = tmp_path
        (tmp_path / "log.key").write_bytes(keyfiles.new_signing_key())

        with pytest.raises(operations.LogBrokenError, match="not signed by the key"):
            operations.publish(at=NOW)


def test_the_key_of_a_month_is_one_for_everybody() -> None:
    with CaptureQueriesContext(transaction.get_connection()):
        first = keyring.month_key(at=NOW)

    assert keyring.month_key(at=NOW) == first
    assert (first.kind, first.month, first.owner_id) == (Key.Kind.MONTH, "2026-11", None)
