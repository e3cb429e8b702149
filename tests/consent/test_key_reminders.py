"""A key that ends is told about in time, to who can do something about it."""

import socket
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from pytest_django import Settings

from accounts import jwk, operations
from accounts.models import ClientKey, Recipient, Role, ServiceClient
from consent import tasks
from consent.operations.key_reminders import remind_of_keys
from tests import factories
from tests.factories import NOW

ENDS = NOW + timedelta(days=100)


@pytest.fixture
def key(lekdetectie: ServiceClient) -> ClientKey:
    return operations.put_client_key(
        client=lekdetectie,
        kid="k1",
        jwk=jwk.make_pair("ES256").public,
        not_before=NOW,
        not_after=ENDS,
    )


def before(days: float) -> datetime:
    return ENDS - timedelta(days=days)


class AnotherIsQuicker(EmailBackend):
    """While one process mails about the first key, another one mails about the second."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        if not mail.outbox:
            mail.outbox.append(mail.EmailMessage())
            remind_of_keys(at=before(60))
            mail.outbox.pop(0)
        return super().send_messages(messages)


class TestReminder:
    def test_goes_out_60_30_and_7_days_before_once_each(self, key: ClientKey) -> None:
        for days in (61, 60, 59.9, 31, 30, 30, 8, 7, 6, 1, -1, -50):
            remind_of_keys(at=before(days))

        assert [message.subject for message in mail.outbox] == [
            f"Sleutel van lekdetectie stopt over {days} dagen" for days in (60, 30, 7)
        ]
        assert {tuple(message.to) for message in mail.outbox} == {("storing@vechtwater.example",)}

    def test_says_what_to_do_and_whom_to_call(self, key: ClientKey) -> None:
        remind_of_keys(at=before(7))

        body = mail.outbox[0].body
        for text in ("lekdetectie", "k1", "7 juli 2026", "0800 1234"):
            assert text in body

    def test_that_was_late_goes_out_once(self, key: ClientKey) -> None:
        remind_of_keys(at=before(3))
        remind_of_keys(at=before(2))

        assert len(mail.outbox) == 1
        assert "3" in mail.outbox[0].subject

    def test_goes_to_every_administrator_when_the_recipient_has_no_address(
        self, key: ClientKey
    ) -> None:
        Recipient.objects.update(contact="Afdeling Storing, tel. 0800 1234")
        for name in ("dirk", "els"):
            factories.make_user(f"{name}@vechtwater.example", role=Role.ADMIN)
        retired = factories.make_user("frits@vechtwater.example", role=Role.ADMIN)
        retired.is_active = False
        retired.save()

        assert remind_of_keys(at=before(60)) == 1

        assert sorted(message.to[0] for message in mail.outbox) == [
            "dirk@vechtwater.example",
            "els@vechtwater.example",
        ]

    def test_does_not_go_out_for_a_service_that_is_off(self, key: ClientKey) -> None:
        ServiceClient.objects.update(is_active=False)

        assert remind_of_keys(at=before(60)) == 0
        assert mail.outbox == []

    def test_that_cannot_be_mailed_is_tried_again_an_hour_later(
        self, key: ClientKey, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            settings.EMAIL_PORT = closed.getsockname()[1]
            remind_of_keys(at=before(60))
        assert "storing@" not in caplog.text
        assert "could not be mailed" in caplog.text
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

        remind_of_keys(at=before(60) + timedelta(minutes=59))
        assert mail.outbox == []
        remind_of_keys(at=before(60) + timedelta(minutes=60))

        assert len(mail.outbox) == 1

    def test_that_another_process_took_is_left_to_it(
        self, key: ClientKey, lekdetectie: ServiceClient, settings: Settings
    ) -> None:
        operations.put_client_key(
            client=lekdetectie,
            kid="k2",
            jwk=jwk.make_pair("ES256").public,
            not_before=NOW,
            not_after=ENDS,
        )
        settings.EMAIL_BACKEND = "tests.consent.test_key_reminders.AnotherIsQuicker"

        assert remind_of_keys(at=before(60)) == 1

        assert len(mail.outbox) == 2

    def test_is_a_task(self, key: ClientKey) -> None:
        ClientKey.objects.update(reminder_due_at=NOW)

        tasks.remind_of_keys(later="x")

        assert ClientKey.objects.get().reminder_due_at != NOW
