"""What an account tells its owner: in whose language, to which address, and with a link to nowhere but here."""

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts import notice_words
from accounts.models import DataSubject, Notice, User
from accounts.notice_kinds import TOKEN, UNTIL, NoticeKind
from accounts.notice_words import WORDS, NoticeWords
from accounts.operations import notify
from audit import keyring
from consent import tasks
from consent.models import Organisation
from consent.operations.notices import send_notices
from tests import factories
from tests.accounts.steps import user_of
from tests.factories import NOW


@pytest.fixture(autouse=True)
def _organisation(db: None) -> Organisation:
    return factories.make_organisation()


@pytest.fixture
def with_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind whose words have a link and a moment in them."""
    words = NoticeWords(
        subject="Onderwerp",
        says=("Tot %(until)s.",),
        link="evaluation-of-a-token",
        was_it_you=False,
    )
    monkeypatch.setitem(notice_words.WORDS, NoticeKind.FACTOR_ADDED, words)
    monkeypatch.setattr(
        "consent.operations.notices.reverse", lambda name, args: f"/{name}/{args[0]}/"
    )


class TestWords:
    def test_there_are_some_for_every_kind(self) -> None:
        assert set(WORDS) == set(NoticeKind)


class TestNotice:
    def test_tells_the_owner_in_dutch_and_sends_once(self, anna: DataSubject) -> None:
        notify(user=user_of(anna), kind=NoticeKind.PASSWORD_CHANGED, at=NOW)

        tasks.send_messages()
        assert send_notices(at=NOW) == 0
        (sent,) = mail.outbox
        assert (sent.to, sent.subject) == (
            ["anna@voorbeeld.example"],
            "Uw wachtwoord is veranderd",
        )
        for part in ("mevrouw A. Jansen", "29 maart 2026 om 03.30 uur", "0800 1234", "Vechtwater"):
            assert part in sent.body

    def test_tells_it_in_the_language_of_the_owner(self, anna: DataSubject) -> None:
        User.objects.update(language="en")
        notify(user=User.objects.get(), kind=NoticeKind.RECOVERY_CODE_USED, at=NOW)

        send_notices(at=NOW)
        assert mail.outbox[0].subject == "A recovery code was used"

    def test_names_nobody_to_staff(self, carla: User) -> None:
        notify(user=carla, kind=NoticeKind.PASSWORD_CHANGED, at=NOW)

        send_notices(at=NOW)
        assert mail.outbox[0].body.startswith("Hallo,")

    @pytest.mark.usefixtures("with_link")
    def test_has_a_link_to_our_own_address_whoever_asked(
        self, anna: DataSubject, settings: Settings
    ) -> None:
        settings.ALLOWED_HOSTS = ["*"]
        settings.PUBLIC_BASE_URL = "https://regie.example"
        Client().get("/", headers={"Host": "kwaad.example", "X-Forwarded-Host": "kwaad.example"})
        facts = {TOKEN: "geheim", UNTIL: NOW.isoformat()}
        notify(user=user_of(anna), kind=NoticeKind.FACTOR_ADDED, at=NOW, facts=facts)

        send_notices(at=NOW)
        body = mail.outbox[0].body
        assert "https://regie.example/evaluation-of-a-token/geheim/" in body
        assert "Tot 29 maart 2026 om 03.30 uur." in body
        assert "kwaad" not in body

    def test_goes_to_another_address_when_asked(self, anna: DataSubject) -> None:
        address = "oud@voorbeeld.example"
        notify(
            user=user_of(anna), kind=NoticeKind.PASSWORD_CHANGED, at=NOW, address=address
        )  # fmt: skip

        send_notices(at=NOW)
        assert mail.outbox[0].to == [address]

    def test_goes_to_who_has_no_account(self, db: None) -> None:
        notify(user=None, kind=NoticeKind.FACTOR_ADDED, at=NOW, address="nieuw@voorbeeld.example")

        send_notices(at=NOW)
        assert mail.outbox[0].to == ["nieuw@voorbeeld.example"]

    def test_keeps_nothing_in_the_clear_and_no_facts_once_sent(self, anna: DataSubject) -> None:
        facts = {TOKEN: "kanarie"}
        notify(
            user=user_of(anna), kind=NoticeKind.PASSWORD_CHANGED, at=NOW, facts=facts,
            address="kanarie@voorbeeld.example",
        )  # fmt: skip
        assert b"kanarie" not in bytes(Notice.objects.get().facts_sealed)

        send_notices(at=NOW)
        assert bytes(Notice.objects.get().facts_sealed) == b""

    def test_goes_to_nobody_who_was_erased(self, anna: DataSubject) -> None:
        notify(user=user_of(anna), kind=NoticeKind.PASSWORD_CHANGED, at=NOW)
        keyring.destroy(key=user_of(anna).key, at=NOW)

        send_notices(at=NOW)
        assert mail.outbox == []
