"""Confirmations by mail: what they say, to whom, and what happens when the mail server is away."""

import logging
import socket
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from pytest_django import Settings

from accounts.models import DataSubject, User
from audit import keyring
from consent import operations, tasks
from consent.models import Message, Purpose
from consent.operations.messages import send_messages
from consent.operations.outbox import claim
from tests import factories
from tests.factories import NOW

LATER = NOW + timedelta(minutes=2)


def choose(subject: DataSubject, *, language: str = "nl", household: bool = False) -> str:
    return operations.record_choices(
        subject=subject,
        purpose="lekwaarschuwing",
        choices={"usage": True, "household": household},
        notice_number=1,
        language=language,
        at=NOW,
    ).number


@pytest.fixture
def closed_port(settings: Settings) -> None:
    """A mail server that refuses: nobody listens at its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = probe.getsockname()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


class TestConfirmation:
    def test_says_what_was_chosen_in_the_language_of_the_choice(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        number = choose(anna)

        assert send_messages(at=NOW) == 1
        (sent,) = mail.outbox
        assert sent.to == ["anna@voorbeeld.example"]
        assert sent.subject == "Uw keuze is opgeslagen: title van lekwaarschuwing 1"
        for words in (number, "mevrouw A. Jansen", "29 maart 2026 om 03.30 uur", "0800 1234"):
            assert words in sent.body
        yes, no = sent.body.index("Ja, dat mag"), sent.body.index("Nee, dat mag niet")
        assert sent.body.index("Mogen wij usage gebruiken?") < yes
        assert yes < sent.body.index("Mogen wij household gebruiken?") < no

    def test_speaks_english_to_who_chose_in_english(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna, language="en")

        send_messages(at=NOW)
        assert mail.outbox[0].subject.startswith("Your choice is saved: ")

    def test_is_sent_once(self, anna: DataSubject, leak_warning: Purpose) -> None:
        choose(anna)

        tasks.send_messages()
        tasks.send_messages(added_later="by a newer sender")
        assert len(mail.outbox) == 1

    def test_goes_to_nobody_who_cannot_log_in(self, leak_warning: Purpose) -> None:
        choose(factories.make_subject("VW-0000009"))

        assert not Message.objects.exists()

    def test_goes_to_nobody_whose_login_is_gone(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna)
        DataSubject.objects.update(user=None)

        send_messages(at=NOW)
        assert mail.outbox == []
        assert Message.objects.get().sent_at == NOW

    def test_goes_to_nobody_who_was_erased(self, anna: DataSubject, leak_warning: Purpose) -> None:
        choose(anna)
        keyring.destroy(key=anna.key, at=NOW)

        send_messages(at=NOW)
        assert mail.outbox == []
        assert Message.objects.get().sent_at == NOW


class OtherWorkerIsFaster(EmailBackend):
    """A mail server that is slow: meanwhile another worker takes all that waits."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        waiting = Message.objects.filter(sent_at=None, attempts=0)
        waiting.update(attempts=1, next_try_at=LATER)
        return super().send_messages(messages)


class TestClaim:
    def test_what_another_worker_took_meanwhile_is_left_to_it(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose, settings: Settings
    ) -> None:
        settings.EMAIL_BACKEND = f"{__name__}.{OtherWorkerIsFaster.__name__}"
        choose(anna)
        choose(bram)

        assert send_messages(at=NOW) == 1
        assert len(mail.outbox) == 1

    def test_of_two_workers_one_has_the_message(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna)
        as_first_read, as_second_read = Message.objects.get(), Message.objects.get()

        assert claim(as_first_read, at=NOW)
        assert not claim(as_second_read, at=NOW)

    def test_a_message_that_cannot_be_made_holds_up_no_other(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna)
        choose(bram)
        User.objects.filter(data_subject=anna).update(email_sealed=b"damaged")

        with pytest.raises(keyring.SealBrokenError):
            send_messages(at=NOW)
        send_messages(at=NOW + timedelta(seconds=5))

        assert [sent.to for sent in mail.outbox] == [["bram@voorbeeld.example"]]
        assert Message.objects.get(subject=anna).attempts == 1


@pytest.mark.usefixtures("closed_port")
class TestServerAway:
    def test_the_message_waits_ever_longer_and_is_kept(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna)

        assert send_messages(at=NOW) == 0
        first = Message.objects.get()
        assert (first.sent_at, first.attempts, first.next_try_at) == (None, 1, LATER)
        assert send_messages(at=LATER) == 0
        second = Message.objects.get()
        assert (second.attempts, second.next_try_at) == (2, LATER + timedelta(minutes=4))

    def test_nothing_personal_is_logged(
        self, anna: DataSubject, leak_warning: Purpose, caplog: pytest.LogCaptureFixture
    ) -> None:
        choose(anna)

        with caplog.at_level(logging.WARNING):
            send_messages(at=NOW)
        assert [record.message for record in caplog.records] == [
            "A mail could not be sent (ConnectionRefusedError)."
        ]

    def test_after_ten_tries_it_rests(self, anna: DataSubject, leak_warning: Purpose) -> None:
        choose(anna)
        Message.objects.update(attempts=10)

        send_messages(at=NOW)
        given_up = Message.objects.get()
        assert (given_up.attempts, given_up.is_given_up) == (10, True)
