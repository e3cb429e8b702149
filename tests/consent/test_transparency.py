"""Anyone rebuilds the tree from what is served in the open, and comes to the signed root."""

import hashlib

import metamorphic_log
import pytest
from django.test import Client

from accounts.models import DataSubject
from audit import checkpoint, merkle, operations
from audit.models import Checkpoint
from audit.tiles import parts_of
from consent.models import Purpose
from tests.accounts.steps import user_of
from tests.audit.builders import NOW, an_event, append, log_of
from tests.visitors import client_of

pytestmark = pytest.mark.django_db


def fetched(address: str) -> bytes:
    answer = Client().get(address)
    assert answer.status_code == 200, address
    content: bytes = answer.content
    return content


def hashes_in(content: bytes) -> list[bytes]:
    return [content[start : start + 32] for start in range(0, len(content), 32)]


def leaves_in(content: bytes) -> list[bytes]:
    leaves = []
    while content:
        length = int.from_bytes(content[:2])
        leaves.append(content[2 : 2 + length])
        content = content[2 + length :]
    return leaves


class TestTheWholeLog:
    def test_adds_up_to_the_signed_root(self) -> None:
        log_of(300)
        note, vkey = fetched("/log/checkpoint").decode(), fetched("/log/vkey").decode().strip()

        head = checkpoint.verify(note=note, verifier=checkpoint.parse_vkey(vkey))
        leaves = [
            leaf
            for part in parts_of(head.size)
            for leaf in leaves_in(fetched(f"/log/tile/entries/{part.name}"))
        ]
        hashes = [
            one
            for part in parts_of(head.size)
            for one in hashes_in(fetched(f"/log/tile/0/{part.name}"))
        ]

        assert head.size == 300
        assert hashes == [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
        assert merkle.Frontier().extended(hashes).root() == head.root
        (above,) = hashes_in(fetched("/log/tile/1/000.p/1"))
        assert above == merkle.Frontier().extended(hashes[:256]).root()
        assert metamorphic_log.checkpoint_verify(note, [vkey]).size == 300

    def test_holds_no_code_that_says_what_was_chosen(self) -> None:
        log_of(3)

        content = fetched("/log/tile/entries/000.p/3")
        for secret in (b"lekwaarschuwing", b"usage", b"portal"):
            assert secret not in content


class TestWhatIsNotThere:
    @pytest.mark.parametrize(
        "name", ["000.p/257", "000.p/300", f"{'x999/' * 1500}999", f"{'x001/' * 7}000"]
    )
    @pytest.mark.parametrize("folder", ["0", "entries"])
    def test_includes_what_no_log_can_have(self, folder: str, name: str) -> None:
        log_of(300)

        assert Client().get(f"/log/tile/{folder}/{name}").status_code == 404

    @pytest.mark.parametrize(
        "address",
        [
            "tile/0/000", "tile/0/000.p/4", "tile/0/001.p/1", "tile/1/000.p/1", "tile/64/000",
            "tile/00/000.p/3", "tile/entries/000", "tile/entries/000.p/4", "tile/entries/0",
            "tile/entries/x000/000.p/3", "tile/0/", "tile", "nowhere",
        ],
    )  # fmt: skip
    def test_is_not_found_and_says_so_as_a_problem(self, address: str) -> None:
        log_of(3)

        answer = Client().get(f"/log/{address}")

        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Cache-Control"] == "no-store"

    def test_includes_what_is_not_signed_yet(self) -> None:
        log_of(2)
        append(an_event())
        operations.integrate(at=NOW)

        assert Client().get("/log/tile/0/000.p/3").status_code == 404
        operations.publish(at=NOW)
        assert Client().get("/log/tile/0/000.p/3").status_code == 200

    def test_includes_the_head_of_an_empty_log(self) -> None:
        assert not Checkpoint.objects.exists()
        assert Client().get("/log/checkpoint").status_code == 404
        assert Client().get("/log/tile/0/000.p/1").status_code == 404


class TestHeaders:
    @pytest.mark.parametrize(
        ("address", "kind", "kept"),
        [
            ("checkpoint", "text/plain; charset=utf-8", "public, max-age=5"),
            ("vkey", "text/plain; charset=utf-8", "public, max-age=5"),
            (
                "tile/0/000.p/3",
                "application/octet-stream",
                "public, max-age=31536000, immutable",
            ),
            (
                "tile/entries/000.p/3",
                "application/octet-stream",
                "public, max-age=31536000, immutable",
            ),
        ],
    )
    def test_let_any_cache_keep_it_and_carry_nobodys_cookie(
        self, anna: DataSubject, leak_warning: Purpose, address: str, kind: str, kept: str
    ) -> None:
        log_of(3)
        for visitor in (Client(), client_of(user_of(anna))):
            answer = visitor.get(f"/log/{address}")

            assert answer.headers["Content-Type"] == kind
            assert answer.headers["Cache-Control"] == kept
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert not answer.cookies
            assert "Cookie" not in answer.headers.get("Vary", "")

    def test_only_reading_is_possible(self) -> None:
        assert Client().post("/log/checkpoint").status_code == 405
