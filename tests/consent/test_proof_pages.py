"""A customer downloads a proof; anyone has it checked; nobody gets a proof about somebody else."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client

from accounts.models import DataSubject, ServiceClient
from audit import operations as log
from audit import triggers
from audit.models import Checkpoint
from consent.models import ConsentRecord
from consent.triggers import wanted
from tests.accounts.steps import user_of
from tests.consent.test_queries import ask, choose
from tests.factories import NOW
from tests.visitors import client_of, words

pytestmark = pytest.mark.django_db
CHECK = "/log/controleren/"
LINK = re.compile(r'href="(/wie-keek/[0-9a-f-]{36}/bewijs)"')


@pytest.fixture
def page(anna: DataSubject, lekdetectie: ServiceClient) -> Client:
    """Anna's browser; she chose, and a service asked."""
    choose(anna, usage=True)
    ask(lekdetectie)
    return client_of(user_of(anna))


@pytest.fixture
def proof(page: Client) -> bytes:
    log.settle(at=NOW)
    content: bytes = page.get(LINK.findall(page.get("/wie-keek/").text)[0]).content
    return content


def checked(content: bytes, *, status: int = 200) -> str:
    sent = SimpleUploadedFile("bewijs.json", content)
    answer = Client().post(CHECK, {"bestand": sent})
    assert answer.status_code == status
    return words(answer.text)


class TestDownload:
    def test_is_offered_per_line_once_a_signed_head_covers_it(self, page: Client) -> None:
        before = page.get("/wie-keek/").text
        log.settle(at=NOW)
        after = page.get("/wie-keek/").text

        assert not LINK.findall(before)
        assert "Wordt vastgelegd" in words(before)
        # One press is one sentence, and as many lines as there were questions.
        assert len(LINK.findall(after)) == len(set(LINK.findall(after))) == 3
        assert "Wordt vastgelegd" not in words(after)

    def test_is_a_file_to_keep(self, page: Client) -> None:
        log.settle(at=NOW)
        address = LINK.findall(page.get("/wie-keek/").text)[0]

        answer = page.get(address)

        uid = address.split("/")[2]
        assert answer.headers["Content-Disposition"] == f'attachment; filename="bewijs-{uid}.json"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert json.loads(json.loads(answer.content)["leaf"])["id"] == uid

    def test_is_for_nobody_else(self, page: Client, bram: DataSubject) -> None:
        log.settle(at=NOW)
        address = LINK.findall(page.get("/wie-keek/").text)[0]

        assert client_of(user_of(bram)).get(address).status_code == 404
        assert Client().get(address).headers["Location"].startswith("/inloggen/")


class TestCheck:
    def test_tells_what_a_proof_proves(self, proof: bytes) -> None:
        text = checked(proof)

        assert "Dit bewijs klopt" in text
        assert "van ons logboek, van 29 maart 2026 om 03.30 uur." in text
        assert "purpose lekwaarschuwing" in text

    def test_takes_a_text_that_was_pasted(self, proof: bytes) -> None:
        answer = Client().post(CHECK, {"tekst": proof.decode()})

        assert "Dit bewijs klopt" in words(answer.text)

    def test_of_a_changed_proof_says_so(self, proof: bytes) -> None:
        text = checked(proof.replace(b"usage", b"other"))

        assert "Dit bewijst niets" in text
        assert "The content is not what the leaf commits to." in text

    def test_compares_an_older_head_with_the_log_of_today(
        self, page: Client, lekdetectie: ServiceClient
    ) -> None:
        log.settle(at=NOW)
        older = Checkpoint.objects.get()
        ask(lekdetectie)
        log.settle(at=NOW)

        for note in (older.note, older.note.replace("\n", "\r\n")):
            text = words(Client().post(CHECK, {"tekst": note}).text)
            assert f"De eerste {older.size} regels zijn hetzelfde." in text
            assert f"Nu zijn er {older.size + 1} regels." in text

    @pytest.mark.parametrize(
        "content", [b"x", b"\xff\xfe", b'{"format": 1}', b"<script>alert(1)</script>", b"[" * 9999]
    )
    def test_of_anything_else_says_that_it_proves_nothing(
        self, proof: bytes, content: bytes
    ) -> None:
        text = checked(content)

        assert "Dit bewijst niets" in text

    def test_before_anything_was_signed_says_that(self, anna: DataSubject, proof: bytes) -> None:
        from tests.audit.builders import lifted_triggers

        with lifted_triggers():
            Checkpoint.objects.all()._raw_delete("default")
            assert "nog niets ondertekend" in checked(proof)

    def test_asks_for_a_file_when_there_is_none(self, proof: bytes) -> None:
        for sent in ({}, {"tekst": ""}, {"bestand": SimpleUploadedFile("leeg", b"")}):
            answer = Client().post(CHECK, sent)
            assert answer.status_code == 422
            assert re.search(r"<title>\s*Fout:", answer.text)
            assert 'href="#bestand"' in answer.text

    def test_reads_no_more_than_a_proof_can_be(self, proof: bytes) -> None:
        assert "too large" in checked(b'{"format": ' + b" " * 600_000)
        answer = Client().post(CHECK, {"tekst": "x" * 600_000})
        assert answer.status_code == 422

    def test_is_a_page_for_everyone(self, proof: bytes) -> None:
        for visitor in (Client(),):
            assert "Een bewijs controleren" in words(visitor.get(CHECK).text)


class TestReceipt:
    """The page after a choice offers the proof of each answer."""

    @staticmethod
    def receipt(page: Client) -> str:
        number = ConsentRecord.objects.latest("id").submission
        return str(page.get(f"/toestemmingen/lekwaarschuwing/bevestiging/{number}/").text)

    def test_waits_for_a_signed_head_and_then_offers_each_proof(self, page: Client) -> None:
        before = self.receipt(page)
        log.settle(at=NOW)
        after = self.receipt(page)

        assert not LINK.findall(before)
        assert words(before).count("Wordt vastgelegd") == 2
        assert "Het bewijs is over een paar tellen klaar." in words(before)
        assert "Wordt vastgelegd" not in words(after)
        assert "over een paar tellen" not in words(after)
        said = [json.loads(page.get(address).content)["shown"] for address in LINK.findall(after)]
        assert [it["dataCategory"] for it in said] == ["usage", "household"]
        assert [it["outcome"] for it in said] == ["given", "refused"]

    def test_from_before_records_named_their_line_promises_nothing(self, page: Client) -> None:
        log.settle(at=NOW)
        connection.check_constraints()
        with transaction.atomic():
            triggers.lift(connection, wanted)
            ConsentRecord.objects.update(entry_uid=None)
            text = self.receipt(page)
            transaction.set_rollback(True)

        assert not LINK.findall(text)
        assert "Wordt vastgelegd" not in words(text)
