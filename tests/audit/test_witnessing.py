"""The log asks its witnesses after it signed, keeps what they sign, and is loud when one knows another history."""

import logging
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import metamorphic_log
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from pytest_django import Settings

from audit import (
    checkpoint,
    cosignature,
    inspection,
    logkeys,
    merkle,
    operations,
    policy,
    proof_file,
    proofs,
    published,
    tasks,
    tlog_proof,
    triggers,
    verify,
    witnessed,
)
from audit.checkpoint import Head
from audit.contents import Contents
from audit.models import Checkpoint, Cosignature, Leaf, LogEntry, LogHead, Payload, WitnessRefusal
from audit.operations import witnessing
from audit.queries import EntryFilter
from audit.witness.rules import SIZE
from audit.witness_client import Reply
from tests.audit import direct_export
from tests.audit.builders import ANNA, NOW, lift_triggers, log_of, verified
from tests.audit.test_archive import made
from tests.audit.test_verification import rewrite_an_entry
from tests.audit.witnessing import AT, NAME, OTHER_KEY, WITNESS, WITNESS_KEY, serving

pytestmark = pytest.mark.django_db

SECOND = cosignature.verifier_of(key=OTHER_KEY, name="witness.example/w2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "w1").mkdir()
    return tmp_path / "w1"


@pytest.fixture
def port(folder: Path, settings: Settings) -> Iterator[int]:
    """A witness that knows our log, and a policy that asks for it and (nowhere to be found) another one."""
    with serving(folder, vkeys=[logkeys.known().newest.to_vkey()]) as port:
        trust(settings, f"witness W1 {WITNESS.to_vkey()} http://127.0.0.1:{port}/\nquorum W1\n")
        yield port


def trust(settings: Settings, text: str) -> None:
    settings.LOG_POLICY = policy.parse(text.encode())


def asked() -> int:
    return operations.ask_witnesses(at=NOW)


class TestCosignatures:
    def test_are_asked_kept_served_and_verified(self, port: int) -> None:
        for size in (2, 3, 300):
            log_of(size)
            assert asked() == 1
            assert asked() == 0  # it signed already

        rows = list(Cosignature.objects.order_by("checkpoint_id"))
        assert [row.checkpoint_id for row in rows] == [2, 5, 305]
        assert {row.witness for row in rows} == {WITNESS.to_vkey()}
        assert {(row.at, row.received_at) for row in rows} == {(AT, NOW)}
        note = published.checkpoint()
        assert note is not None
        assert note.endswith(rows[-1].line)
        vkey = logkeys.known().newest.to_vkey()
        assert metamorphic_log.checkpoint_verify(note, [vkey]).size == 305
        assert inspection.inspect(LogEntry.objects.order_by("id")[0].uid).proof == tlog_proof.parse(
            proofs.proof_of(uid=LogEntry.objects.order_by("id")[0].uid, subject_id=ANNA).proof
        )
        assert verified().is_sound

    def test_are_in_every_proof_that_is_made_from_then_on(
        self, port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        entry, *_ = log_of(3)
        path, trusted = tmp_path / "bewijs.json", tmp_path / "policy"
        trusted.write_text(published.policy())
        path.write_bytes(proofs.proof_of(uid=entry.uid, subject_id=ANNA).to_bytes())
        assert verify.main([str(path), f"--policy={trusted}"]) == 1
        assert "fewer witnesses signed it than the policy asks for" in capsys.readouterr().out

        asked()
        path.write_bytes(proofs.proof_of(uid=entry.uid, subject_id=ANNA).to_bytes())

        assert verify.main([str(path), f"--policy={trusted}"]) == 0
        said = capsys.readouterr().out
        assert "As many witnesses signed its head as your policy asks for." in said
        file = proof_file.read(path.read_bytes())
        assert proofs.witnessed_by(file.proof.partition("\n\n")[2]).names == (NAME,)

    def test_are_checked_under_an_export_and_by_the_policy_of_whoever_checks(
        self, port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        log_of(3)
        asked()
        first = published.checkpoint()
        path, trusted = tmp_path / "export", tmp_path / "policy"
        content = b"".join(direct_export.json_lines(selected=EntryFilter(), at=NOW))
        assert first is not None
        path.write_bytes(content)
        other = cosignature.verifier_of(key=OTHER_KEY, name=NAME).to_vkey()
        log = f"log {logkeys.known().newest.to_vkey()}\n"
        for text, code, said in (
            (published.policy(), 0, "As many witnesses signed its head as your policy asks for."),
            (f"{log}quorum none\n", 0, "is consistent with the key in the file"),
            (f"{log}witness W {other}\nquorum W\n", 1, "fewer witnesses signed it"),
            ("quorum none\n", 1, "--policy: it does not name the key of the log"),
            ("quorum\n", 1, "--policy, line 1: this is not a line of a policy"),
        ):
            trusted.write_text(text)
            assert verify.main([str(path), f"--policy={trusted}"]) == code
            assert said in capsys.readouterr().out

    def test_go_with_an_export_and_so_does_the_quorum_once_it_signed(
        self, port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        log_of(3)
        for name, asks in (("before", False), ("after", True)):
            if asks:
                asked()
            folder = tmp_path / name
            made(folder, Contents.COMPLETE, size=3)
            assert verify.main([str(folder)]) == 0, capsys.readouterr().out
            assert ("quorum W1\n" in (folder / "policy").read_text()) is asks
            assert (NAME in (folder / "checkpoint").read_text()) is asks
        said = (tmp_path / "before" / "policy").read_text()
        assert said.startswith(
            "# When this was exported, the quorum of the log (W1) had not signed"
        )
        assert said.endswith("quorum none\n")
        made(tmp_path / "lines", Contents.SELECTION, size=3)
        trusted = tmp_path / "policy"
        trusted.write_text(published.policy())
        assert verify.main([str(tmp_path / "lines"), f"--policy={trusted}"]) == 0

    def test_that_were_changed_are_no_proof(
        self, port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        entry, *_ = log_of(3)
        asked()
        path, trusted = tmp_path / "bewijs.json", tmp_path / "policy"
        trusted.write_text(published.policy())
        text = proofs.proof_of(uid=entry.uid, subject_id=ANNA).to_bytes().decode()
        line = Cosignature.objects.get().line.split(" ")[2].strip()
        flipped = line[:-6] + ("A" if line[-6] != "A" else "B") + line[-5:]
        assert line in text
        path.write_text(text.replace(line, flipped))

        assert verify.main([str(path)]) == 0  # nobody asked about witnesses
        assert verify.main([str(path), f"--policy={trusted}"]) == 1
        assert "fewer witnesses signed it" in capsys.readouterr().out

    def test_tell_up_to_where_the_log_is_witnessed(self, port: int) -> None:
        state = witnessed.state()
        assert (state.is_asked, state.size, state.at, state.names) == (True, None, None, ())
        log_of(2)
        asked()
        log_of(1)

        state = witnessed.state()
        assert (state.size, state.at, state.names, state.fault) == (2, AT, ("W1",), "")

    def test_are_counted_as_the_policy_says(
        self, port: int, settings: Settings, tmp_path: Path
    ) -> None:
        log_of(2)
        with serving(
            tmp_path, vkeys=[logkeys.known().newest.to_vkey()], key=OTHER_KEY, name=SECOND.name
        ) as second:
            text = (
                f"witness W1 {WITNESS.to_vkey()} http://127.0.0.1:{port}\n"
                f"witness W2 {SECOND.to_vkey()} http://127.0.0.1:{second}\n"
                f"group G all W1 W2\nquorum "
            )
            trust(settings, f"{text}G\n")
            assert asked() == 2
            assert witnessed.state().names == ("W1", "W2")
            log_of(1)
        trust(settings, f"{text}G\n")
        assert asked() == 1  # the second one is down: this stops nothing
        assert (Checkpoint.objects.count(), witnessed.state().size) == (2, 2)
        trust(settings, f"{text}none\n")
        assert witnessed.state().size == 3

    def test_are_collected_by_a_task(self, port: int) -> None:
        log_of(2)
        tasks.ask_witnesses(later="unknown")
        assert Cosignature.objects.count() == 1

    def test_catch_up_with_a_witness_that_knows_more_of_our_past_than_we_remember(
        self, port: int
    ) -> None:
        """Killed after the witness answered and before that was kept: it is asked again from where it is."""
        log_of(2)
        asked()
        log_of(3)
        lift_triggers()
        Cosignature.objects.all()._raw_delete("default")

        assert asked() == 1
        assert [row.checkpoint_id for row in Cosignature.objects.all()] == [5]
        assert not WitnessRefusal.objects.exists()

    def test_are_not_asked_inside_a_transaction(self, port: int) -> None:
        log_of(2)
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            asked()


class TestNobodyToAsk:
    def test_is_the_default(self) -> None:
        log_of(2)

        assert asked() == 0
        state = witnessed.state()
        assert (state.is_asked, state.size) == (False, None)
        assert published.policy() == f"log {logkeys.known().newest.to_vkey()}\nquorum none\n"

    def test_before_something_is_signed(self, port: int) -> None:
        assert asked() == 0

    def test_without_an_address(self, settings: Settings) -> None:
        log_of(2)
        trust(settings, f"witness W1 {WITNESS.to_vkey()}\nquorum none\n")
        assert asked() == 0


class TestAnotherHistory:
    """What only somebody else remembers: the database agrees with itself."""

    def test_that_was_rewritten_and_signed_with_the_real_key_is_refused(self, port: int) -> None:
        log_of(3)
        asked()
        receipt = Checkpoint.objects.get().note

        lift_triggers()
        forget_what_was_signed()
        rewrite_an_entry()
        connection.check_constraints()
        triggers.install(connection)  # a new entry finds its place again
        log_of(1)
        assert verified().is_sound  # nothing in the database tells
        with pytest.raises(ValueError, match="does not continue"):
            proofs.continues(logkeys.known().head_of(receipt))

        assert asked() == 0
        self.told("refused the signed head of 4 entries", status=422, known=None)

    def test_of_the_same_size_is_refused(self, port: int) -> None:
        log_of(3)
        asked()

        lift_triggers()
        forget_what_was_signed()
        rewrite_an_entry()
        operations.publish(at=NOW)
        assert verified().is_sound
        assert asked() == 0
        self.told("It signed a head of 3 entries.", status=409, known=3)

    def test_of_which_the_end_was_cut_off_is_refused(
        self, port: int, settings: Settings, tmp_path: Path
    ) -> None:
        """As after a backup of the database was restored: a perfect forgery, as far as the database goes."""
        settings.LOG_JOURNAL = tmp_path / "journal"
        log_of(3)
        log_of(2)
        asked()
        receipt = Checkpoint.objects.get(size=5).note

        lift_triggers()
        Cosignature.objects.all()._raw_delete("default")
        Checkpoint.objects.filter(size=5)._raw_delete("default")
        cut_back_to(3)
        assert "Was a backup restored?" in verified().first_fault  # the journal
        settings.LOG_JOURNAL = None  # it was put back as well
        assert verified().is_sound
        with pytest.raises(ValueError, match="cannot continue a log of 5"):
            proofs.continues(logkeys.known().head_of(receipt))
        assert asked() == 0
        self.told("It signed a head of 5 entries.", status=409, known=5)

    def told(self, said: str, *, status: int, known: int | None) -> None:
        refusal = WitnessRefusal.objects.get()
        assert (refusal.status, refusal.known_size, refusal.at) == (status, known, NOW)
        assert said in witnessed.fault()
        run = verified()
        assert run.first_fault == witnessed.fault()
        assert asked() == 0  # and it is not asked again
        assert WitnessRefusal.objects.count() == 1

    def test_is_said_by_verify_log(self, port: int, capsys: pytest.CaptureFixture[str]) -> None:
        log_of(3)
        refuse(Checkpoint.objects.get())

        with pytest.raises(SystemExit):
            call_command("verify_log")
        assert "knows another history of this log (answer 422)" in capsys.readouterr().out

    def test_is_no_fault_once_that_witness_is_no_longer_trusted(
        self, port: int, settings: Settings
    ) -> None:
        log_of(3)
        refuse(Checkpoint.objects.get())
        assert witnessed.fault()

        trust(settings, "quorum none\n")
        assert witnessed.fault() == ""


class TestAnswer:
    """What a witness may say that is neither a signature nor another history."""

    def answered(self, *replies: Reply) -> int:
        said = iter(replies)
        return operations.ask_witnesses(at=NOW, send=lambda _url, _body: next(said))

    @pytest.fixture(autouse=True)
    def _log(self, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        log_of(3)
        monkeypatch.setattr(witnessing, "ThreadPoolExecutor", InThisThread)

    @pytest.mark.parametrize(
        ("reply", "said"),
        [
            (Reply(status=404, kind="text/plain", text=""), "it answered 404"),
            (Reply(status=302, kind="text/plain", text=""), "it answered 302"),
            (Reply(status=200, kind="text/plain", text="?"), "in the middle of a line"),
            (Reply(status=200, kind="text/plain", text="?\n"), "not a signature"),
            (Reply(status=409, kind="text/plain", text="2\n"), "409 without a size"),
            (Reply(status=409, kind=SIZE, text="two\n"), "409 without a size"),
            (Reply(status=409, kind=SIZE, text="1" * 30), "409 without a size"),
            (Reply(status=409, kind=SIZE, text=f"{2**63}\n"), "409 without a size"),
        ],
    )
    def test_that_makes_no_sense_is_told_and_asked_again(
        self, caplog: pytest.LogCaptureFixture, reply: Reply, said: str
    ) -> None:
        with caplog.at_level(logging.WARNING):
            assert self.answered(reply) == 0
        assert said in caplog.text
        assert not Cosignature.objects.exists()
        assert not WitnessRefusal.objects.exists()
        assert asked() == 1

    def test_of_another_witness_only_counts_for_nobody(self) -> None:
        line = cosignature.cosign(head=signed_head(), key=OTHER_KEY, name="other.example", at=AT)
        assert self.answered(Reply(status=200, kind="text/plain", text=line)) == 0
        assert not Cosignature.objects.exists()

    def test_at_a_moment_that_no_page_can_show_is_not_kept(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
        line = cosignature.cosign(head=signed_head(), key=WITNESS_KEY, name=NAME, at=last)
        assert self.answered(Reply(status=200, kind="text/plain", text=line)) == 0
        assert "is not right" in caplog.text
        assert not Cosignature.objects.exists()

    def test_that_moves_all_the_time_is_asked_again_later(self) -> None:
        """Two publishers that ask the same witness."""
        assert (
            self.answered(
                Reply(status=409, kind=SIZE, text="1\n"), Reply(status=409, kind=SIZE, text="2\n")
            )
            == 0
        )
        assert not WitnessRefusal.objects.exists()

    def test_that_another_process_got_first_is_no_other_history(self) -> None:
        """Between our look and the answer, another publisher signed more and had that witnessed."""

        def send(_url: str, _body: bytes) -> Reply:
            Checkpoint.objects.create(size=9, root=bytes(32), note="", made_at=NOW)
            return Reply(status=409, kind=SIZE, text="9\n")

        assert operations.ask_witnesses(at=NOW, send=send) == 0
        assert not WitnessRefusal.objects.exists()

    def test_that_another_process_kept_first_is_kept_once(self) -> None:
        line = cosignature.cosign(head=signed_head(), key=WITNESS_KEY, name=NAME, at=AT)

        def send(_url: str, _body: bytes) -> Reply:
            Cosignature.objects.create(
                checkpoint=Checkpoint.objects.get(),
                witness=WITNESS.to_vkey(),
                line=line,
                at=AT,
                received_at=NOW,
            )
            return Reply(status=200, kind="text/plain", text=line)

        assert operations.ask_witnesses(at=NOW, send=send) == 1
        assert Cosignature.objects.count() == 1


class InThisThread(Executor):
    """An executor that has the connection of the test."""

    def __init__(self, max_workers: int) -> None:
        assert max_workers

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def signed_head() -> Head:
    return checkpoint.parse_note(Checkpoint.objects.get().note)[0]


def refuse(stored: Checkpoint) -> None:
    WitnessRefusal.objects.create(
        checkpoint=stored, witness=WITNESS.to_vkey(), status=422, known_size=None, at=NOW
    )


def forget_what_was_signed() -> None:
    Cosignature.objects.all()._raw_delete("default")
    Checkpoint.objects.all()._raw_delete("default")


def cut_back_to(size: int) -> None:
    """Take away the end of the log, with every trace that it left in the database."""
    gone = list(Leaf.objects.filter(index__gte=size).values_list("entry_id", flat=True))
    Leaf.objects.filter(index__gte=size)._raw_delete("default")
    Payload.objects.filter(entry_id__in=gone)._raw_delete("default")
    LogEntry.objects.filter(pk__in=gone)._raw_delete("default")
    shorter = merkle.Frontier().extended(
        bytes(leaf.hash) for leaf in Leaf.objects.order_by("index")
    )
    LogHead.objects.update(size=shorter.size, root=shorter.root(), frontier=shorter.to_bytes())
