"""`settle_log` numbers and signs: once, or until it is told to stop."""

import os
import signal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from audit import operations
from audit.management.commands import settle_log
from audit.models import Checkpoint, LogHead, PendingEntry
from tests.audit.builders import an_event, append, log_of

pytestmark = pytest.mark.django_db


class Stopping(StringIO):
    """Output that sends SIGTERM, to whoever wrote it, at its `after`-th line."""

    def __init__(self, after: int = 1) -> None:
        super().__init__()
        self.left = after

    def write(self, text: str) -> int:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().write(text)


def break_head() -> None:
    log_of(2)
    LogHead.objects.update(root=bytes(32))


class TestOnce:
    def test_numbers_and_signs(self) -> None:
        append(an_event())

        call_command("settle_log")

        assert not PendingEntry.objects.exists()
        assert Checkpoint.objects.count() == 1

    def test_says_why_it_cannot(self) -> None:
        break_head()
        append(an_event())

        with pytest.raises(CommandError, match="head of the log"):
            call_command("settle_log")


class TestEvery:
    def test_goes_on_until_it_is_told_to_stop(self) -> None:
        append(an_event())
        before = signal.getsignal(signal.SIGTERM)
        said = Stopping()

        call_command("settle_log", every=0.01, stdout=said)

        assert "Ctrl-C stops it" in said.getvalue()
        assert not PendingEntry.objects.exists()
        assert Checkpoint.objects.count() == 1
        assert signal.getsignal(signal.SIGTERM) is before

    def test_signs_at_most_once_a_second(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settle, integrate = operations.settle, operations.integrate
        rounds: list[str] = []

        def settled(**asked: Any) -> None:
            rounds.append("settle")
            append(an_event())
            settle(**asked)

        def integrated(**asked: Any) -> int:
            rounds.append("integrate")
            append(an_event())
            os.kill(os.getpid(), signal.SIGTERM)
            monkeypatch.setattr(operations, "integrate", integrate)
            return integrate(**asked)

        monkeypatch.setattr(operations, "settle", settled)
        monkeypatch.setattr(operations, "integrate", integrated)
        call_command("settle_log", every=0.01, stdout=StringIO())

        assert rounds == ["settle", "integrate"]
        assert not PendingEntry.objects.exists()
        assert Checkpoint.objects.get().size == 1
        assert LogHead.objects.get().size == 2

    def test_goes_on_when_the_log_is_broken_and_says_so_once(self) -> None:
        break_head()
        append(an_event())
        complaints = Stopping()

        call_command("settle_log", every=0.01, stdout=StringIO(), stderr=complaints)

        assert complaints.getvalue().count("head of the log") == 1

    def test_says_the_same_only_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tried: list[str] = []

        def fail(**_: Any) -> None:
            tried.append("settle")
            if len(tried) == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            raise OperationalError("secret host name")

        monkeypatch.setattr(operations, "settle", fail)
        closed: list[int] = []  # really closing it would end the transaction of this test
        monkeypatch.setattr(settle_log, "close_old_connections", lambda: closed.append(1))
        complaints = StringIO()
        call_command("settle_log", every=0.01, stdout=StringIO(), stderr=complaints)

        assert len(tried) == len(closed) == 3
        assert complaints.getvalue().count("does not answer: OperationalError") == 1
        assert "secret" not in complaints.getvalue()

    @pytest.mark.parametrize("typed", ["soon", "0", "61", "nan"])
    def test_asks_for_a_sensible_time(self, typed: str) -> None:
        with pytest.raises(CommandError, match="seconds"):
            call_command("settle_log", "--every", typed)
