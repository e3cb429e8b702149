import base64
import re
from datetime import timedelta
from typing import ClassVar

from django.contrib.auth.password_validation import validate_password
from django.test import TestCase
from django.utils import timezone

from accounts.models import DataSubject, Role, ServiceClient, TotpDevice, User
from accounts.queries import subject_by_reference, user_by_email
from audit import keyring
from audit import queries as log
from audit.models import LogEntry
from audit.operations import settle, verify
from consent.demo.people import JOINED, DemoAccount, demo_accounts, load_people
from consent.models import ConsentRecord, HeldItem, Message
from consent.operations.catalogue import load_catalogue
from consent.queries.choices import purposes_of
from consent.queries.holdings import held_context, my_data
from consent.vocabulary import Standing
from tests.consent.catalogues import VECHTWATER

NOW = timezone.now()
JOHANNA = "VW-1000017"
CUSTOMERS = [account for account in demo_accounts() if account.role is Role.CUSTOMER]


def subject_of(reference: str) -> DataSubject:
    subject = subject_by_reference(reference)
    assert subject
    return subject


class TestTheFile:
    """What it says about people that do not exist."""

    def test_gives_everyone_a_password_that_is_long_and_their_own(self) -> None:
        passwords = [account.password for account in demo_accounts()]

        assert len(set(passwords)) == len(passwords)
        for password in passwords:
            validate_password(password)
            assert len(password) >= 15
            assert len(password.split("-")) in {3, 4}

    def test_gives_everyone_a_secret_of_160_bits_of_their_own(self) -> None:
        secrets = [account.totp_secret for account in demo_accounts() if account.totp_secret]

        assert len(set(secrets)) == len(secrets)
        assert {len(base64.b32decode(secret)) for secret in secrets} == {20}

    def test_uses_addresses_and_numbers_that_lead_to_nobody(self) -> None:
        for account in demo_accounts():
            assert account.email.endswith(".example")
            assert not account.reference or re.fullmatch(r"VW-[0-9]{7}", account.reference)


class TestLoadPeople(TestCase):
    """Loaded once for all of these; every test still leaves the database as it found it."""

    accounts: ClassVar[list[DemoAccount]]

    @classmethod
    def setUpTestData(cls) -> None:
        load_catalogue(catalogue=VECHTWATER, at=NOW - JOINED - timedelta(days=10))
        cls.accounts = load_people(at=NOW)

    def test_makes_twelve_people_one_without_second_step_and_the_office(self) -> None:
        *people, officer, desk, admin = self.accounts

        assert len([person for person in people if person.totp_secret]) == 12
        assert [person.reference for person in people if not person.totp_secret] == ["VW-1000130"]
        assert people[0].email == "johanna.devries@voorbeeld.example"
        assert people[0].reference == JOHANNA
        assert (officer.email, officer.reference) == ("s.bakker@vechtwater.example", "")
        assert (desk.email, desk.role) == ("k.visser@vechtwater.example", Role.DESK)
        assert (admin.email, admin.role) == ("t.mulder@vechtwater.example", Role.ADMIN)
        assert TotpDevice.objects.filter(confirmed=True).count() == 15
        assert User.objects.filter(role=Role.CUSTOMER).count() == 13
        assert User.objects.filter(role=Role.OFFICER).count() == 1

    def test_lets_everyone_in_with_the_password_and_the_app_of_the_file(self) -> None:
        for account in self.accounts:
            user = user_by_email(account.email)
            assert user
            assert user.check_password(account.password)
            if account.totp_secret:
                device = TotpDevice.objects.get(user=user)
                assert device.secret() == base64.b32decode(account.totp_secret)

    def test_makes_nobody_twice(self) -> None:
        counted = (User, HeldItem, ConsentRecord, LogEntry, Message)
        before = [model.objects.count() for model in counted]

        again = load_people(at=NOW)

        assert again == self.accounts
        assert [model.objects.count() for model in counted] == before

    def test_registers_the_systems_that_ask(self) -> None:
        clients = {client.client_id: client for client in ServiceClient.objects.all()}

        assert clients["lekdetectie"].purposes == ["lekwaarschuwing", "levering-en-rekening"]
        assert clients["bespaarcoach"].purposes == ["bespaartips", "vergelijking", "droogteadvies"]
        assert clients["marktonderzoek"].purposes == []
        assert all(client.scopes == ["consent:check"] for client in clients.values())

    def test_holds_twenty_to_twenty_six_items_per_person_in_every_category(self) -> None:
        for account in CUSTOMERS:
            page = my_data(subject=subject_of(account.reference), language="nl", at=NOW)
            values = [value for category in page.categories for value in category.values]

            assert page.name == account.name
            assert 20 <= len(values) <= 26, account.reference
            assert all(category.values for category in page.categories), account.reference
            assert all(value.obtained_on < NOW.date() for value in values)

    def test_gives_account_numbers_that_add_up_at_a_bank_that_is_not_there(self) -> None:
        rows = HeldItem.objects.filter(item__slug="rekeningnummer").select_related("subject__key")

        assert len(rows) == len(CUSTOMERS)
        for row in rows:
            number = keyring.open_sealed(
                key=row.subject.key, sealed=bytes(row.value_sealed), context=held_context(row.id)
            )
            iban = number.decode().replace(" ", "")
            digits = "".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])
            assert iban[4:8] == "NEPB"
            assert int(digits) % 97 == 1

    def test_keeps_no_value_in_the_clear(self) -> None:
        sealed = b"".join(bytes(row.value_sealed) for row in HeldItem.objects.all())

        assert b"Druppelkade" not in sealed
        assert b"NEPB" not in sealed

    def test_gives_johanna_one_open_question_and_answers_of_every_kind(self) -> None:
        johanna = subject_of(JOHANNA)

        page = my_data(subject=johanna, language="nl", at=NOW)
        groups = purposes_of(subject=johanna, language="nl", at=NOW)

        assert [question.purpose for question in page.questions] == ["lekwaarschuwing"]
        assert (page.yes_count, page.no_count) == (3, 3)
        assert {line.standing for line in groups.no} == {Standing.REFUSED, Standing.WITHDRAWN}
        assert len(page.recent) == 4
        assert page.looks_count > 0

    def test_knows_a_yes_that_has_ended(self) -> None:
        groups = purposes_of(subject=subject_of("VW-1000079"), language="nl", at=NOW)

        standings = {line.slug: line.standing for line in groups.open}

        assert standings["vergelijking"] is Standing.EXPIRED

    def test_shows_everyone_what_was_used_and_what_was_stopped(self) -> None:
        for account in CUSTOMERS:
            entries = log.entries(
                filter=log.EntryFilter(subject_id=subject_of(account.reference).id),
                before=None,
                limit=100,
            )
            outcomes = {entry.outcome for entry in entries}
            assert outcomes >= {"permitted", "refused"}, account.reference

    def test_makes_a_past_that_lies_in_the_order_of_time(self) -> None:
        moments = list(LogEntry.objects.order_by("id").values_list("at", flat=True))

        assert moments == sorted(moments)
        assert moments[-1] < NOW

    def test_leaves_a_log_that_verifies(self) -> None:
        settle(at=NOW)

        run = verify(at=NOW, clock=lambda: NOW)

        assert run.is_sound, run.first_fault

    def test_mails_nobody_about_the_past(self) -> None:
        assert Message.objects.exists()
        assert not Message.objects.filter(sent_at=None).exists()
