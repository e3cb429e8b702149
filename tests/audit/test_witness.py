"""A witness signs the heads of a log that only grew, and nothing else: test list 24, over HTTP on this machine."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import metamorphic_log
import pytest

from audit import checkpoint, cosignature
from audit.checkpoint import CheckpointError
from audit.witness import memory, rules
from tests.audit.test_merkle import Tree
from tests.audit.witnessing import (
    AT,
    KEY,
    NAME,
    ORIGIN,
    OTHER_KEY,
    VKEY,
    WITNESS,
    WITNESS_KEY,
    Reply,
    head,
    post,
    question,
    serving,
    signers,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    with serving(folder) as port:
        yield port


def remembered(folder: Path) -> tuple[int, bytes]:
    with memory.opened(folder) as kept:
        seen = kept.of(ORIGIN)
    return seen.size, seen.root


class TestHonestGrowth:
    def test_is_signed_each_time_and_remembered(self, port: int, folder: Path) -> None:
        old = 0
        for size in (1, 2, 7, 7, 8, 300):
            reply = post(port, question(old, size))

            assert (reply.status, reply.kind) == (200, "text/plain; charset=utf-8")
            assert signers(reply, head(size)) == [NAME]
            assert remembered(folder) == (size, Tree(size).root())
            old = size

    def test_is_what_another_program_finds_consistent_too(self, port: int) -> None:
        first, second = rules.parse(question(0, 5)), rules.parse(question(5, 300))
        for asked in (first, second):
            assert post(port, asked.to_bytes()).status == 200

        before, after = (
            metamorphic_log.checkpoint_verify(one.note, [VKEY]) for one in (first, second)
        )
        metamorphic_log.verify_consistency(
            before.size, after.size, list(second.proof), before.root, after.root
        )

    def test_is_signed_by_any_key_of_the_log(self, tmp_path: Path) -> None:
        next_vkey = checkpoint.verifier_of(key=OTHER_KEY, origin=ORIGIN).to_vkey()
        with serving(tmp_path, vkeys=[VKEY, next_vkey]) as port:
            assert post(port, question(0, 3)).status == 200
            assert post(port, question(3, 5, own=False)).status == 200


class TestRefusal:
    @pytest.fixture(autouse=True)
    def _seven(self, port: int) -> None:
        assert post(port, question(0, 7)).status == 200

    def refused(self, port: int, folder: Path, body: bytes) -> Reply:
        before = remembered(folder)
        reply = post(port, body)
        assert remembered(folder) == before == (7, Tree(7).root())
        return reply

    def test_of_a_stale_old_size_says_what_it_knows(self, port: int, folder: Path) -> None:
        for old in (0, 5):
            reply = self.refused(port, folder, question(old, 9))
            assert reply == Reply(status=409, kind="text/x.tlog.size", text="7\n")

    def test_of_a_smaller_head(self, port: int, folder: Path) -> None:
        assert self.refused(port, folder, question(3, 5)).status == 409

    def test_of_another_root_of_the_same_size(self, port: int, folder: Path) -> None:
        reply = self.refused(port, folder, question(7, 7, forged=True))
        assert reply == Reply(status=409, kind="text/x.tlog.size", text="7\n")

    def test_of_a_rewritten_history(self, port: int, folder: Path) -> None:
        reply = self.refused(port, folder, question(7, 9, forged=True))
        assert reply.status == 422
        assert "does not continue" in reply.text

    def test_of_a_proof_that_is_not_asked_for(self, port: int, folder: Path) -> None:
        asked = rules.parse(question(7, 7))
        padded = rules.Question(old=7, proof=(bytes(32),), note=asked.note)
        assert self.refused(port, folder, padded.to_bytes()).status == 422

    def test_of_an_unknown_log(self, port: int, folder: Path) -> None:
        assert self.refused(port, folder, question(0, 7, origin="other.example")).status == 404

    def test_of_a_bad_signature(self, port: int, folder: Path) -> None:
        reply = self.refused(port, folder, question(7, 9, own=False))
        assert reply.status == 403
        changed = question(7, 9).replace(b"\n9\n", b"\n8\n")
        assert self.refused(port, folder, changed).status == 403

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            (b"", "an old size"),
            (b"\xff\n\n", "not text"),
            (question(7, 9).replace(b"old 7", b"old 07"), "an old size"),
            (question(7, 9).replace(b"old 7", b"new 7"), "an old size"),
            (question(7, 9).replace(b"old 7\n", b"old 7\n?\n"), "not base64"),
            (question(7, 9).replace(b"old 7\n", b"old 7\nAAAA\n"), "not a hash"),
            (question(7, 9)[:-1], "in the middle of a line"),
            (question(7, 9).replace(b"\n9\n", b"\n09\n"), "not a plain number"),
            (question(7, 9).replace(b"old 7", b"old 10"), "larger than"),
            (b"old 7\n" + b"A" * 43 + b"=\n" + b"\n" + b"x" * rules.LARGEST_REQUEST, "at most"),
        ],
    )
    def test_of_what_is_malformed(self, port: int, folder: Path, body: bytes, why: str) -> None:
        reply = self.refused(port, folder, body)
        assert (reply.status, reply.kind) == (400, "text/plain; charset=utf-8")
        assert why in reply.text

    def test_of_more_proof_than_a_tree_is_tall(self, port: int, folder: Path) -> None:
        asked = rules.parse(question(7, 9))
        for lines, status in ((63, 422), (64, 400)):
            long = rules.Question(old=7, proof=(bytes(32),) * lines, note=asked.note)
            assert self.refused(port, folder, long.to_bytes()).status == status

    def test_of_another_address_or_method(self, port: int) -> None:
        assert post(port, question(7, 9), path="/").status == 404
        assert post(port, b"", method="GET").status == 405

    def test_of_a_body_beyond_all_reason_comes_from_the_server(self, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(
                b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 9000000\r\n\r\n"
            )
            assert connection.recv(99).startswith(b"HTTP/1.1 413 ")


class TestFirstHead:
    def test_needs_no_proof_and_takes_none(self, port: int) -> None:
        asked = rules.parse(question(0, 7))
        proven = rules.Question(old=0, proof=(bytes(32),), note=asked.note)
        assert post(port, proven.to_bytes()).status == 422
        assert post(port, asked.to_bytes()).status == 200


class TestTwoAtOnce:
    def test_only_one_of_two_histories_is_signed(self, port: int) -> None:
        replies: list[Reply] = []

        def ask(forged: bool) -> None:  # noqa: FBT001
            replies.append(post(port, question(0, 5, forged=forged)))

        threads = [threading.Thread(target=ask, args=[number % 2 == 1]) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(reply.status for reply in replies) == [200] + [409] * 7

    def test_two_processes_share_one_memory(self, folder: Path, port: int) -> None:
        with serving(folder) as other:
            assert post(port, question(0, 5)).status == 200
            assert post(other, question(0, 6)).text == "5\n"
            assert post(other, question(5, 6)).status == 200
            assert post(port, question(5, 7)).text == "6\n"


class TestMemory:
    def test_that_is_gone_or_damaged_signs_nothing(self, port: int, folder: Path) -> None:
        assert post(port, question(0, 5)).status == 200
        for content in (None, b"", b"[]\n", b'{"a":1}\n', b'{"a":{"root":"?","size":1}}\n'):
            (folder / memory.FILE_NAME).unlink(missing_ok=True)
            if content is not None:
                (folder / memory.FILE_NAME).write_bytes(content)
            reply = post(port, question(0, 5))
            assert reply.status == 500
            assert "signs nothing" in reply.text


class TestCosignature:
    LINE = cosignature.cosign(head=head(5), key=WITNESS_KEY, name=NAME, at=AT)

    def test_is_a_line_under_the_head_that_others_leave_alone(self) -> None:
        note = checkpoint.sign(head=head(5), key=KEY) + self.LINE
        log = checkpoint.verifier_of(key=KEY, origin=ORIGIN)

        assert checkpoint.verify(note=note, verifier=log) == head(5)
        assert metamorphic_log.checkpoint_verify(note, [VKEY]).size == 5
        of, signatures = checkpoint.parse_note(note)
        (found,) = cosignature.cosignatures(head=of, signatures=signatures, witnesses=[WITNESS])
        assert (found.witness, found.at, found.line) == (WITNESS, AT, self.LINE)

    def test_of_the_specification_is_understood(self) -> None:
        """The example of C2SP tlog-cosignature: the name and the time are where we look for them."""
        line = (
            "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dl"
            "rDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
        )
        ((name, body),) = checkpoint.parse_signatures(line)
        assert name == "witness.example.com/w1"
        assert int.from_bytes(body[4:12]) == 1679315147
        assert len(body) == 4 + 8 + 64

    def test_of_another_head_or_time_is_refused(self) -> None:
        ((name, body),) = checkpoint.parse_signatures(self.LINE)
        for wrong in (
            body[:11] + bytes([body[11] ^ 1]) + body[12:],
            body[:4] + b"\xff" * 8 + body[12:],
            body[:20],
        ):
            with pytest.raises(CheckpointError, match=r"witness\.example/w1 is not right"):
                cosignature.cosignatures(
                    head=head(5), signatures=[(name, wrong)], witnesses=[WITNESS]
                )
        with pytest.raises(CheckpointError, match="is not right"):
            cosignature.cosignatures(head=head(6), signatures=[(name, body)], witnesses=[WITNESS])

    def test_of_an_unknown_witness_is_left_alone(self) -> None:
        other = cosignature.verifier_of(key=KEY, name=NAME)
        signatures = checkpoint.parse_signatures(self.LINE)
        assert not cosignature.cosignatures(head=head(5), signatures=signatures, witnesses=[other])

    def test_has_a_key_that_is_not_taken_for_that_of_a_log(self) -> None:
        vkey = WITNESS.to_vkey()
        assert cosignature.parse_vkey(vkey) == WITNESS
        with pytest.raises(CheckpointError, match="of a log"):
            checkpoint.parse_vkey(vkey)
        with pytest.raises(CheckpointError, match="of a witness"):
            cosignature.parse_vkey(VKEY)
