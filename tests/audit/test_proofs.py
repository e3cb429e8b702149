"""A customer proves a line to anyone; a changed byte proves nothing."""

import json
from pathlib import Path
from uuid import uuid4

import metamorphic_log
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audit import (
    checkpoint,
    keyring,
    merkle,
    operations,
    proof_file,
    proofs,
    tlog_proof,
    verify,
)
from audit.models import Checkpoint, LogEntry
from audit.proof_file import ProofFile, ProofFileError
from audit.proofs import NotProvableError
from audit.tlog_proof import TlogProof, TlogProofError
from tests.audit.builders import ANNA, BRAM, NOW, an_event, append, log_of

pytestmark = pytest.mark.django_db


def of_anna(entry: LogEntry) -> ProofFile:
    return proofs.proof_of(uid=entry.uid, subject_id=ANNA)


class TestProofOfAnEntry:
    @pytest.mark.parametrize("size", [1, 2, 7, 300])
    def test_convinces_our_program_and_another(self, size: int) -> None:
        entries = log_of(size)
        (vkey, signer) = proofs.signers().newest.to_vkey(), proofs.signers()
        for entry in {
            entries[0].pk: entries[0],
            entries[-1 - (size - 1) % 3].pk: entries[-1 - (size - 1) % 3],
        }.values():
            file = proof_file.read(of_anna(entry).to_bytes())

            proven = proof_file.check(file, verifier=signer)

            assert (proven.leaf.uid, proven.head.size) == (entry.uid, size)
            assert proven.shown["purpose"] == "lekwaarschuwing"
            text = tlog_proof.parse(file.proof)
            head = metamorphic_log.checkpoint_verify(text.note, [vkey])
            leaf = merkle.leaf_hash(file.leaf.encode())
            metamorphic_log.verify_inclusion(
                text.index, head.size, leaf, list(text.hashes), proven.head.root
            )

    def test_takes_few_queries(self) -> None:
        entry, *_ = log_of(300)

        with CaptureQueriesContext(connection) as asked:
            of_anna(entry)
        assert len(asked) <= 6

    def test_is_made_for_nobody_else(self) -> None:
        entry, *_ = log_of(3)

        for subject_id in (BRAM, uuid4()):
            with pytest.raises(NotProvableError):
                proofs.proof_of(uid=entry.uid, subject_id=subject_id)

    def test_is_not_made_before_a_head_covers_it(self) -> None:
        log_of(2)
        waiting = append(an_event())
        with pytest.raises(NotProvableError):
            of_anna(waiting)
        operations.integrate(at=NOW)
        with pytest.raises(NotProvableError):
            of_anna(waiting)

        operations.publish(at=NOW)
        assert of_anna(waiting).proof

    def test_is_not_made_of_what_was_erased(self) -> None:
        entry, *_ = log_of(3)
        keyring.destroy(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)

        with pytest.raises(NotProvableError):
            of_anna(entry)

    def test_stays_valid_when_the_log_grows_and_the_person_is_erased(self) -> None:
        entry, *_ = log_of(3)
        kept = of_anna(entry)
        keyring.destroy(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)
        log_of(5)

        assert proof_file.check(kept, verifier=proofs.signers()).leaf.uid == entry.uid


class TestChangedProofFile:
    @pytest.fixture
    def members(self) -> dict[str, object]:
        entry, *_ = log_of(5)
        found: dict[str, object] = json.loads(of_anna(entry).to_bytes())
        return found

    def verdict(self, members: object) -> str:
        """Return why the page refuses it, once the offline verifier was seen to say the same."""
        content = json.dumps(members).encode()
        key = verify.read_key(proofs.signers().newest.to_vkey(), "--vkey")
        options = verify.Options([(key, 0, None)])
        try:
            proof_file.check(proof_file.read(content), verifier=proofs.signers())
        except ProofFileError as error:
            with pytest.raises(verify.NotGenuine):
                verify.check_proof(content, "bewijs.json", options)
            return str(error)
        verify.check_proof(content, "bewijs.json", options)
        return ""

    def test_unchanged_is_right(self, members: dict[str, object]) -> None:
        assert self.verdict(members) == ""

    @pytest.mark.parametrize(
        ("name", "old", "new", "said"),
        [
            ("leaf", "given", "found", "not in the log"),
            ("leaf", '"v":1', '"v": 1', "not a leaf"),
            ("shown", "usage", "other", "not what the leaf commits to"),
            ("shownOpening", "", "AAAA", "not what the leaf commits to"),
            ("tlogProof", "index 0", "index 3", "not in the log"),
            ("tlogProof", "index 0", "index 00", "not a proof"),
            ("tlogProof", "\n5\n", "\n4\n", "signature"),
            ("tlogProof", "regie.example/log\n", "other.example/log\n", "of another log"),
            ("tlogProof", "@v1", "@v2", "not a proof"),
            ("vkey", "regie", "other", "another key"),
            ("format", "regie-proof/1", "regie-proof/2", "not a proof file"),
        ],
    )
    def test_is_refused_with_the_reason(
        self, members: dict[str, object], name: str, old: str, new: str, said: str
    ) -> None:
        part = members[name]
        changed = json.dumps(part).replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1], 1)
        changed_part = json.loads(changed) if old else f"{new}{part}"

        assert said in self.verdict({**members, name: changed_part})

    @pytest.mark.parametrize("name", sorted(proof_file._MEMBERS))
    def test_is_refused_without_one_of_its_members(
        self, members: dict[str, object], name: str
    ) -> None:
        assert self.verdict({key: value for key, value in members.items() if key != name})

    @pytest.mark.parametrize("name", [*proof_file._TEXTS, "shown"])
    @pytest.mark.parametrize("value", [None, 1, [], "", "\ud800", {"a": 1.5}])
    def test_is_refused_with_another_kind_of_value(
        self, members: dict[str, object], name: str, value: object
    ) -> None:
        assert self.verdict({**members, name: value})

    @pytest.mark.parametrize(
        "content",
        [b"", b"[]", b"{}", b"\xff", b"[" * 99_999, b'{"format":1,"format":1}', b" " * 300_000],
    )
    def test_another_file_is_no_proof(self, content: bytes) -> None:
        with pytest.raises(ProofFileError):
            proof_file.read(content)

    def test_every_flipped_bit_is_refused(self, members: dict[str, object]) -> None:
        """In what is proven; the explanation proves nothing and says so by its place."""
        for name in proof_file._TEXTS:
            text = str(members[name])
            for place in range(0, len(text), 7):
                flipped = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
                assert self.verdict({**members, name: flipped}), (name, place)


class TestCommandLine:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        entry, *_ = log_of(5)
        path = tmp_path / "bewijs.json"
        path.write_bytes(of_anna(entry).to_bytes())
        return path

    def test_tells_what_is_proven(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert verify.main([str(path), "--vkey", proofs.signers().newest.to_vkey()]) == 0

        said = capsys.readouterr().out
        assert "It is genuine.\nThe line has index 0 in regie.example/log, a log of 5." in said
        assert "It says: consent.record.given, at 2026-11-24T09:30:15Z, by data-subject." in said
        assert "  purpose: lekwaarschuwing" in said
        assert "Warning" not in said

    def test_trusts_the_key_in_the_file_no_further_than_that(
        self, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert verify.main([str(path)]) == 0

        said = capsys.readouterr().out
        assert "is consistent with the key in the file" in said
        assert "Warning: the key was taken from the file itself." in said

    @pytest.mark.parametrize(("old", "new"), [("lekwaarschuwing", "iets-anders"), ("+", "-")])
    def test_refuses_a_changed_one(
        self, path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str
    ) -> None:
        path.write_text(path.read_text().replace(old, new))

        assert verify.main([str(path)]) == 1
        assert "It is not genuine." in capsys.readouterr().out


class TestTlogProof:
    @given(st.integers(0, 2**40), st.lists(st.binary(min_size=32, max_size=32), max_size=40))
    def test_is_read_as_it_is_written(self, index: int, hashes: list[bytes]) -> None:
        proof = TlogProof(index=index, hashes=tuple(hashes), note="a\n1\nb\n\n— x y\n")

        assert tlog_proof.parse(proof.to_text()) == proof

    @given(st.text())
    def test_no_text_is_read_as_what_is_written_otherwise(self, text: str) -> None:
        for tried in (
            text,
            f"c2sp.org/tlog-proof@v1\nindex {text}",
            f"c2sp.org/tlog-proof@v1\nindex 1\n{text}\n\nx",
        ):
            try:
                proof = tlog_proof.parse(tried)
            except TlogProofError:
                continue
            assert proof.to_text() == tried

    @pytest.mark.parametrize(
        "text",
        [
            "", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v1\nindex 0",
            "c2sp.org/tlog-proof@v1\nindex -1\n\nx", "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx",
            "c2sp.org/tlog-proof@v1\nextra AA==\nindex 0\n\nx", "c2sp.org/tlog-proof@v1\nindex 0\n?\n\nx",
            "c2sp.org/tlog-proof@v1\nindex 0\r\n\nx",
            "c2sp.org/tlog-proof@v1\nindex 0\n" + "A" * 43 + "=\n" * 99 + "\n\nx",
            "c2sp.org/tlog-proof@v1\nindex 0\n" + ("A" * 43 + "=\n") * 99 + "\nx",
        ],
    )  # fmt: skip
    def test_anything_else_is_none(self, text: str) -> None:
        with pytest.raises(TlogProofError):
            tlog_proof.parse(text)


class TestOlderHead:
    def head(self, size: int) -> checkpoint.Head:
        signed = Checkpoint.objects.get(size=size)
        return proofs.signers().head_of(signed.note)

    def test_is_continued_by_the_log_of_today(self) -> None:
        for size in (3, 4, 300):
            log_of(size)
            assert (
                proofs.continues(self.head(3)).size == Checkpoint.objects.order_by("-size")[0].size
            )

    def test_of_a_log_that_was_rewritten_is_not(self) -> None:
        log_of(5)
        forged = checkpoint.Head(origin="regie.example/log", size=3, root=bytes(32))

        with pytest.raises(merkle.ProofError):
            proofs.continues(forged)

    @pytest.mark.parametrize("size", [0, 6, 10**9])
    def test_of_a_size_that_never_was_is_not(self, size: int) -> None:
        log_of(5)

        with pytest.raises(merkle.ProofError):
            proofs.continues(checkpoint.Head(origin="x", size=size, root=bytes(32)))

    def test_cannot_be_compared_with_nothing(self) -> None:
        with pytest.raises(NotProvableError):
            proofs.continues(checkpoint.Head(origin="x", size=1, root=bytes(32)))
