"""What people see of witnesses: at the office, at the checking page, and in the open."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import ServiceClient, User
from audit import logkeys, operations, policy, published
from audit.models import Checkpoint, WitnessRefusal
from tests.audit.builders import NOW, log_of
from tests.audit.witnessing import NAME, WITNESS, serving
from tests.visitors import client_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _witness(settings: Settings, tmp_path: Path) -> Iterator[None]:
    with serving(tmp_path, vkeys=[logkeys.known().newest.to_vkey()]) as port:
        text = f"witness W1 {WITNESS.to_vkey()} http://127.0.0.1:{port}\nquorum W1\n"
        settings.LOG_POLICY = policy.parse(text.encode())
        yield


def checked(text: str) -> str:
    return words(Client().post("/log/controleren/", {"tekst": text}).content.decode())


class TestOffice:
    @pytest.fixture
    def office(self, carla: User, lekdetectie: ServiceClient) -> Client:
        return client_of(carla)

    def test_says_up_to_where_the_log_is_witnessed_and_by_whom(self, office: Client) -> None:
        log_of(3)
        assert "Gezien door getuigen Nog niet" in words(
            office.get("/kantoor/logboek/").content.decode()
        )

        newest = Checkpoint.objects.order_by("-size")[0].size
        operations.ask_witnesses(at=NOW)
        page = words(office.get("/kantoor/logboek/").content.decode())
        assert f"Gezien door getuigen De eerste {newest} regels, door W1, op " in page

    def test_is_red_when_a_witness_knows_another_history(self, office: Client) -> None:
        log_of(3)
        WitnessRefusal.objects.create(
            checkpoint=Checkpoint.objects.order_by("-size")[0],
            witness=WITNESS.to_vkey(),
            status=422,
            at=NOW,
        )
        page = office.get("/kantoor/logboek/").content.decode()
        assert "verify--broken" in page
        assert "The witness W1 refused the signed head" in page


class TestCheckingPage:
    def test_says_which_witnesses_signed_a_head(self) -> None:
        log_of(3)
        note = published.checkpoint()
        assert note is not None
        page = checked(note)
        assert "Nog niet genoeg getuigen hebben dit ondertekend." in page
        assert "Ook ondertekend" not in page

        operations.ask_witnesses(at=NOW)
        note = published.checkpoint()
        assert note is not None
        page = checked(note)
        assert f"Ook ondertekend door deze getuigen: {NAME}." in page
        assert "Nog niet genoeg" not in page

    def test_refuses_a_head_that_the_witness_did_not_sign(self) -> None:
        log_of(3)
        operations.ask_witnesses(at=NOW)
        line = (published.checkpoint() or "").splitlines()[-1]
        log_of(1)
        newest = Checkpoint.objects.order_by("-size")[0].note
        assert f"The signature of the witness {NAME} is not right." in checked(f"{newest}{line}\n")


class TestInTheOpen:
    def test_the_policy_names_keys_and_no_address(self) -> None:
        answer = Client().get("/log/policy")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        text = answer.content.decode()
        assert policy.parse(answer.content).quorum == "W1"
        assert WITNESS.to_vkey() in text
        assert "127.0.0.1" not in text

    def test_the_keys_are_one_line_until_there_is_a_second_one(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        settings.KEYS_DIR = tmp_path / "keys"
        log_of(1)
        first = Client().get("/log/vkey").content.decode()
        assert first.count("\n") == 1
        operations.begin_rotation(at=NOW)
        assert Client().get("/log/vkey").content.decode().endswith(" 3 -\n")
