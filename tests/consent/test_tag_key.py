"""With a key of her own Anna finds every line about her in the open log, and not one about anybody else."""

import json
from uuid import UUID

import pytest
from django.test import Client

from accounts.models import DataSubject, ServiceClient
from audit import keyring, tag_key
from audit import operations as log
from audit.events import EventKind
from audit.leaf import Leaf, from_base64, parse_leaf
from audit.models import LogEntry
from tests.accounts.steps import user_of
from tests.consent.test_queries import ask, choose
from tests.consent.test_transparency import fetched, leaves_in
from tests.factories import NOW
from tests.visitors import client_of, words

pytestmark = pytest.mark.django_db
PAGE = "/wie-keek/sleutel/"


@pytest.fixture
def browser(anna: DataSubject, lekdetectie: ServiceClient) -> Client:
    return client_of(user_of(anna))


def open_leaves() -> list[Leaf]:
    """Return every leaf as anyone can fetch it."""
    size = int(fetched("/log/checkpoint").decode().splitlines()[1])
    return [parse_leaf(leaf) for leaf in leaves_in(fetched(f"/log/tile/entries/000.p/{size}"))]


def found_with(key: bytes) -> set[UUID]:
    return {leaf.uid for leaf in tag_key.about(open_leaves(), key=key)}


def lines_about(subject: DataSubject) -> set[UUID]:
    of_subject = LogEntry.objects.filter(payload__subject_key__owner_id=subject.id)
    return set(of_subject.values_list("uid", flat=True))


class TestTagKey:
    def test_finds_every_line_about_its_owner_and_no_other(
        self, browser: Client, anna: DataSubject, bram: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        choose(anna, usage=True)
        choose(bram, usage=True)
        ask(lekdetectie)

        file = json.loads(browser.post(PAGE).content)
        log.settle(at=NOW)

        key = from_base64(file["tagKey"])
        assert len(lines_about(anna)) > 3
        assert found_with(key) == lines_about(anna)
        assert found_with(keyring.tag_key(bram.key)) == lines_about(bram)
        assert found_with(bytes(32)) == set()

    def test_says_what_it_is_and_of_which_log(self, browser: Client) -> None:
        answer = browser.post(PAGE)

        file = json.loads(answer.content)
        assert set(file) == {"format", "origin", "tagKey", "explanation"}
        assert file["format"] == "regie-tag-key/1"
        assert set(file["explanation"]) == {"nl", "en"}
        log.settle(at=NOW)
        assert fetched("/log/checkpoint").decode().splitlines()[0] == file["origin"]
        assert (
            answer.headers["Content-Disposition"] == 'attachment; filename="sleutel-logboek.json"'
        )
        assert answer.headers["Cache-Control"] == "no-store"

    def test_is_not_handed_out_by_reading_about_it(
        self, browser: Client, anna: DataSubject
    ) -> None:
        text = words(browser.get(PAGE).text)

        assert "Houd deze sleutel voor uzelf." in text
        assert not LogEntry.objects.filter(kind=EventKind.TAG_KEY_TAKEN).exists()
        assert keyring.tag_key(anna.key).hex() not in text

    def test_was_taken_is_seen_by_its_owner(self, browser: Client) -> None:
        browser.post(PAGE)

        text = words(browser.get("/wie-keek/").text)

        assert "U haalde uw sleutel op om het logboek zelf na te gaan." in text

    def test_is_no_longer_the_same_after_the_erasure_of_what_it_found(
        self, browser: Client, anna: DataSubject
    ) -> None:
        choose(anna, usage=True)
        before = keyring.tag_key(anna.key)
        log.destroy_key(key=anna.key, at=NOW)
        after = keyring.tag_key(keyring.living_key(owner_id=anna.id, at=NOW))
        log.settle(at=NOW)

        assert found_with(before)
        assert not found_with(after)
