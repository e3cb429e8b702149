"""The pages of the administrator: systems, their keys and their purposes."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.test import Client
from django.utils import timezone
from jwt.algorithms import ECAlgorithm

from accounts import jwk, operations
from accounts.models import ClientKey, DataSubject, PurposeRequest, Role, ServiceClient, User
from consent.models import DataCategory, Purpose
from tests import factories
from tests.accounts.signers import ask, claims, sign
from tests.factories import NOW
from tests.visitors import client_of, words

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

SERVICES, NEW = "/kantoor/diensten/", "/kantoor/dienst-toevoegen/"
LEKDETECTIE = f"{SERVICES}lekdetectie/"
ADD_KEY = f"{LEKDETECTIE}sleutel/"
PAIR = ec.generate_private_key(ec.SECP256R1())
PUBLIC = PAIR.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
PRIVATE = PAIR.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def dirk(db: None) -> Client:
    return in_english("dirk@vechtwater.example")


@pytest.fixture
def els(db: None) -> Client:
    return in_english("els@vechtwater.example")


def in_english(email: str) -> Client:
    """Return the browser of an administrator, who reads English."""
    client = client_of(factories.make_user(email, role=Role.ADMIN))
    client.cookies["language"] = "en"
    return client


@pytest.fixture
def meter(leak_warning: Purpose, usage: DataCategory) -> Purpose:
    found = leak_warning.processings.select_related("recipient").first()
    assert found is not None
    return factories.make_purpose(
        "meterstand", categories={usage: True}, recipient=found.recipient, position=2
    )


def key_form(**changes: str) -> dict[str, str]:
    return {"key": PUBLIC, "kid": "k1", "since": "", "until": "2026-12-31", **changes}


def new_form(**changes: str) -> dict[str, str]:
    facts = {"client_id": "meterdienst", "recipient": "storingsdienst", "scopes": "consent:check"}
    return {**key_form(), **facts, **changes}


def press(client: Client, action: str, **fields: object) -> str:
    """Press a button on the page of lekdetectie, and return what the page then says."""
    answer = client.post(LEKDETECTIE, {"action": action, **fields}, follow=True)
    assert answer.redirect_chain == [(LEKDETECTIE, 302)]
    return words(answer.text)


def put_key(client: ServiceClient, *, days: int, kid: str = "k1", since: int = -1) -> ClientKey:
    return operations.put_client_key(
        client=client,
        kid=kid,
        jwk=jwk.make_pair("ES256").public,
        not_before=NOW + timedelta(days=since),
        not_after=NOW + timedelta(days=days),
    )


class TestList:
    def test_tells_of_each_service_how_it_is(
        self, dirk: Client, lekdetectie: ServiceClient
    ) -> None:
        key = put_key(lekdetectie, days=20)
        ClientKey.objects.filter(pk=key.pk).update(last_used_at=NOW)
        put_key(lekdetectie, days=10, kid="k0")

        said = words(dirk.get(SERVICES).text)

        for text in (
            *("lekdetectie", "Team storingsdienst", "last used on 29 March 2026", "On"),
            *("key counts until 18 April 2026", "Key ends in 20 days"),
        ):
            assert text in said

    def test_tells_of_one_without_a_key_and_of_one_that_is_off(
        self, dirk: Client, lekdetectie: ServiceClient
    ) -> None:
        ServiceClient.objects.update(is_active=False)
        put_key(lekdetectie, days=9, since=5)

        said = words(dirk.get(SERVICES).text)

        for text in ("No key that counts", "Off", "never used"):
            assert text in said

    def test_tells_what_waits(
        self, dirk: Client, lekdetectie: ServiceClient, meter: Purpose
    ) -> None:
        press(dirk, "ask", purpose="meterstand")

        assert "Waits for a second administrator" in words(dirk.get(SERVICES).text)

    def test_may_be_empty(self, dirk: Client, leak_warning: Purpose) -> None:
        assert "No services yet" in words(dirk.get(SERVICES).text)

    @pytest.mark.parametrize("address", [SERVICES, NEW])
    def test_asks_for_a_catalogue_first(self, dirk: Client, address: str) -> None:
        assert "Load a catalogue first" in words(dirk.get(address).text)

    def test_is_where_an_administrator_starts(self, dirk: Client, leak_warning: Purpose) -> None:
        answer = dirk.get("/inloggen/")

        assert answer.headers["Location"] == SERVICES
        said = words(dirk.get(SERVICES).text)
        assert "Administrator" in said
        assert "Administration" in said

    @pytest.mark.parametrize("address", [SERVICES, NEW, LEKDETECTIE, ADD_KEY])
    def test_names_no_customer(
        self, dirk: Client, lekdetectie: ServiceClient, anna: DataSubject, address: str
    ) -> None:
        text = dirk.get(address).text

        for name in ("Jansen", "VW-0000001", "anna@", str(anna.pk)):
            assert name not in text


class TestAdding:
    def test_registers_a_service_that_can_get_a_token(
        self, dirk: Client, leak_warning: Purpose
    ) -> None:
        answer = dirk.post(NEW, new_form(), follow=True)

        assert answer.redirect_chain == [(f"{SERVICES}meterdienst/", 302)]
        assert "may ask about nothing yet" in words(answer.text)
        key = ClientKey.objects.get()
        assert key.not_before == NOW
        assert timezone.localtime(key.not_after).isoformat() == "2027-01-01T00:00:00+01:00"
        assertion = sign(PRIVATE.encode(), claims(iss="meterdienst", sub="meterdienst"))
        assert ask(Client(), assertion).status_code == 200

    def test_takes_a_jwk_and_names_it_by_its_thumbprint(
        self, dirk: Client, leak_warning: Purpose
    ) -> None:
        members = ECAlgorithm.to_jwk(PAIR.public_key(), as_dict=True)

        dirk.post(NEW, new_form(key=json.dumps(members), kid=""))

        assert ClientKey.objects.get().kid == jwk.thumbprint(members)

    @pytest.mark.parametrize(
        "private", [PRIVATE, json.dumps(ECAlgorithm.to_jwk(PAIR, as_dict=True))], ids=["PEM", "JWK"]
    )
    @pytest.mark.parametrize("address", [NEW, ADD_KEY])
    def test_refuses_a_private_key_and_shows_it_nowhere(
        self,
        dirk: Client,
        lekdetectie: ServiceClient,
        caplog: pytest.LogCaptureFixture,
        private: str,
        address: str,
    ) -> None:
        caplog.set_level(0)

        answer = dirk.post(address, new_form(key=private))

        assert answer.status_code == 422
        assert "This is a private key" in words(answer.text)
        secret = private.splitlines()[1] if "BEGIN" in private else json.loads(private)["d"]
        assert secret not in answer.text
        assert secret not in caplog.text
        assert not ClientKey.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("client_id", "", "Give the service a name"),
            ("client_id", "meter dienst", "Use at most 50 letters"),
            ("client_id", "x" * 51, "Use at most 50 letters"),
            ("client_id", "lekdetectie", "There is a service with this name already"),
            ("recipient", "", "Choose whose service it is"),
            ("recipient", "niemand", "Choose whose service it is"),
            ("scopes", "", "Choose what the service may do"),
            ("key", "", "Paste the public key"),
            ("key", "hallo", "This is not a public key that we can use"),
            ("key", "\U0001f511", "This is not a public key that we can use"),
            ("kid", "k 1", "Use at most 50 letters"),
            ("until", "", "Fill in until when the key counts"),
            ("until", "morgen", "Fill in a day"),
            ("until", "2026-03-28", "Choose a day from today, and within two years"),
            ("until", "2028-03-30", "Choose a day from today, and within two years"),
            ("since", "morgen", "Fill in a day"),
            ("since", "2029-01-01", "Choose a day within two years"),
        ],
    )
    def test_says_what_is_wrong_and_registers_nothing(
        self, dirk: Client, lekdetectie: ServiceClient, field: str, value: str, said: str
    ) -> None:
        answer = dirk.post(NEW, new_form(**{field: value}))

        assert answer.status_code == 422
        assert said in words(answer.text)
        assert f'href="#id_{field}"' in answer.text
        assert f'id="id_{field}"' in answer.text
        assert "<title>Error:" in answer.text
        assert ServiceClient.objects.count() == 1

    def test_wants_a_key_to_end_after_it_begins(self, dirk: Client, leak_warning: Purpose) -> None:
        answer = dirk.post(NEW, new_form(since="2027-01-01"))

        assert answer.status_code == 422
        assert "This day is before the first day" in words(answer.text)

    def test_keeps_a_public_key_while_something_else_is_corrected(
        self, dirk: Client, leak_warning: Purpose
    ) -> None:
        assert PUBLIC.splitlines()[1] in dirk.post(NEW, new_form(client_id="")).text

    def test_refuses_a_key_of_another_service(
        self, dirk: Client, lekdetectie: ServiceClient
    ) -> None:
        dirk.post(ADD_KEY, key_form())

        answer = dirk.post(NEW, new_form())

        assert answer.status_code == 422
        assert "is registered already" in words(answer.text)


class TestKeys:
    def test_are_added_beside_one_another(self, dirk: Client, lekdetectie: ServiceClient) -> None:
        put_key(lekdetectie, days=20)

        answer = dirk.post(ADD_KEY, key_form(kid="k2", since="2026-04-10"), follow=True)

        said = words(answer.text)
        assert "The key was added" in said
        assert "does not count yet" in said
        assert "ends in 20 days" in said

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({}, "Two keys count already at that time"),
            ({"kid": "k0"}, "is registered already"),
            ({"key": ""}, "Paste the public key"),
        ],
    )
    def test_are_refused_with_a_reason(
        self, dirk: Client, lekdetectie: ServiceClient, changes: dict[str, str], said: str
    ) -> None:
        for kid in ("k0", "k9"):
            put_key(lekdetectie, days=400, kid=kid)

        answer = dirk.post(ADD_KEY, key_form(**changes))

        assert answer.status_code == 422
        assert said in words(answer.text)
        assert ClientKey.objects.count() == 2

    @pytest.mark.parametrize(
        ("days", "said"), [("0", "and so have the tokens"), ("7", "on the day that you chose")]
    )
    def test_are_ended(
        self, dirk: Client, lekdetectie: ServiceClient, days: str, said: str
    ) -> None:
        key = put_key(lekdetectie, days=90)

        assert said in press(dirk, "end-key", key=key.pk, days=days)

        key.refresh_from_db()
        assert key.not_after == NOW + timedelta(days=int(days))

    def test_that_have_ended_are_not_ended_again(
        self, dirk: Client, lekdetectie: ServiceClient
    ) -> None:
        key = put_key(lekdetectie, days=90)
        assert "ended" in press(dirk, "end-key", key=key.pk, days="0")

        assert "has ended already" in press(dirk, "end-key", key=key.pk, days="0")

    def test_page_is_there_before_anything_is_sent(
        self, dirk: Client, lekdetectie: ServiceClient
    ) -> None:
        answer = dirk.get(ADD_KEY)

        assert answer.status_code == 200
        assert "Only the public key." in words(answer.text)


class TestService:
    def test_shows_what_is_registered(
        self, dirk: Client, lekdetectie: ServiceClient, meter: Purpose
    ) -> None:
        put_key(lekdetectie, days=90)
        ClientKey.objects.update(last_used_at=NOW)

        said = words(dirk.get(LEKDETECTIE).text)

        for text in (
            *("Team storingsdienst", "storing@vechtwater.example", "title van lekwaarschuwing 1"),
            *("Soort household, Soort usage", "ES256", "counts", "title van meterstand 1"),
            *("last used on 29 March 2026", "consent:check"),
        ):
            assert text in said

    def test_shows_a_purpose_that_left_the_register_by_its_code(
        self, dirk: Client, lekdetectie: ServiceClient
    ) -> None:
        ServiceClient.objects.update(purposes=["oud-doel"])

        assert "oud-doel" in words(dirk.get(LEKDETECTIE).text)

    def test_offers_no_purpose_that_its_recipient_does_not_have(
        self, dirk: Client, lekdetectie: ServiceClient, usage: DataCategory
    ) -> None:
        factories.make_purpose(
            "onderzoek",
            categories={usage: True},
            recipient=factories.make_recipient("universiteit"),
            position=3,
        )

        assert "onderzoek" not in dirk.get(LEKDETECTIE).text
        assert "nothing is used for this purpose" in press(dirk, "ask", purpose="onderzoek")
        assert not PurposeRequest.objects.exists()

    def test_is_switched_off_and_on(self, dirk: Client, lekdetectie: ServiceClient) -> None:
        assert "The service is off." in press(dirk, "off")
        assert "Switch on" in words(dirk.get(LEKDETECTIE).text)
        assert "The service is on." in press(dirk, "on")

    def test_loses_and_gets_rights(self, dirk: Client, lekdetectie: ServiceClient) -> None:
        assert "The rights were saved." in press(dirk, "scopes")
        assert ServiceClient.objects.get().scopes == []
        press(dirk, "scopes", scopes="consent:check")
        assert ServiceClient.objects.get().scopes == ["consent:check"]

    @pytest.mark.parametrize(
        ("action", "fields"),
        [
            ("", {}),
            ("delete", {}),
            ("scopes", {"scopes": "admin"}),
            ("end-key", {"key": "x", "days": "0"}),
            ("end-key", {"key": "1", "days": "3"}),
            ("ask", {"purpose": ""}),
            ("approve", {"request": "x"}),
        ],
    )
    def test_changes_nothing_when_it_is_asked_badly(
        self, dirk: Client, lekdetectie: ServiceClient, action: str, fields: dict[str, str]
    ) -> None:
        before = ServiceClient.objects.values().get()

        assert "That did not work." in press(dirk, action, **fields)

        assert ServiceClient.objects.values().get() == before

    @pytest.mark.parametrize("address", [f"{SERVICES}iemand/", f"{SERVICES}iemand/sleutel/"])
    def test_that_does_not_exist_is_not_found(
        self, dirk: Client, lekdetectie: ServiceClient, address: str
    ) -> None:
        assert dirk.get(address).status_code == 404
        assert dirk.post(address, key_form()).status_code == 404


def request_of(answer: "Answer") -> str:
    found = re.search(r'name="request" value="([0-9a-f-]{36})"', answer.text)
    assert found is not None
    return found[1]


class TestFourEyes:
    def test_one_asks_and_another_approves(
        self, dirk: Client, els: Client, lekdetectie: ServiceClient, meter: Purpose
    ) -> None:
        assert "Another administrator has to approve it." in press(
            dirk, "ask", purpose="meterstand"
        )
        own, other = dirk.get(LEKDETECTIE), els.get(LEKDETECTIE)
        asked = request_of(own)
        assert 'value="approve"' not in own.text
        assert 'value="approve"' in other.text

        assert "You asked for this yourself." in press(dirk, "approve", request=asked)
        assert ServiceClient.objects.get().purposes == ["lekwaarschuwing"]
        assert "from now on" in press(els, "approve", request=asked)
        assert ServiceClient.objects.get().purposes == ["lekwaarschuwing", "meterstand"]
        assert "decided about this already" in press(els, "approve", request=asked)

    @pytest.mark.parametrize("who", ["dirk", "els"])
    def test_a_request_is_taken_back_or_refused(
        self, request: pytest.FixtureRequest, lekdetectie: ServiceClient, meter: Purpose, who: str
    ) -> None:
        dirk: Client = request.getfixturevalue("dirk")
        decider: Client = request.getfixturevalue(who)
        press(dirk, "ask", purpose="meterstand")
        asked = request_of(dirk.get(LEKDETECTIE))

        assert "does not get this purpose" in press(decider, "decline", request=asked)

        assert "already, or somebody asked" not in press(dirk, "ask", purpose="meterstand")
        assert "already, or somebody asked" in press(dirk, "ask", purpose="meterstand")

    def test_a_request_of_another_service_is_not_decided_here(
        self, dirk: Client, els: Client, lekdetectie: ServiceClient, meter: Purpose
    ) -> None:
        press(dirk, "ask", purpose="meterstand")
        asked = request_of(dirk.get(LEKDETECTIE))
        dirk.post(NEW, new_form())

        answer = els.post(
            f"{SERVICES}meterdienst/", {"action": "approve", "request": asked}, follow=True
        )

        assert "decided about this already" in words(answer.text)
        assert PurposeRequest.objects.get().outcome == ""

    def test_a_purpose_is_removed_by_one(self, dirk: Client, lekdetectie: ServiceClient) -> None:
        assert "may no longer ask" in press(dirk, "remove", purpose="lekwaarschuwing")

        assert ServiceClient.objects.get().purposes == []
        assert "Nothing yet." in words(dirk.get(LEKDETECTIE).text)


class TestOfficeOfTheOfficer:
    def test_reads_who_changed_what(
        self, dirk: Client, carla: User, lekdetectie: ServiceClient
    ) -> None:
        press(dirk, "off")
        office = client_of(carla)
        office.cookies["language"] = "en"

        assert "Service switched off" in words(office.get("/kantoor/logboek/").text)
