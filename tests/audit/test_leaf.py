from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from audit.leaf import (
    INTERNAL,
    SHOWN,
    Leaf,
    LeafError,
    check_commitment,
    commitment,
    parse_leaf,
    subject_tag,
)

UID = UUID("6f1f9a3e-0b1c-4e52-9a60-3d3f0d6f6a11")
LEAF = Leaf(
    uid=UID,
    kind="consent.record.given",
    actor="data-subject",
    at=datetime(2026, 11, 24, 9, 30, 15, tzinfo=UTC),
    subject_tag=bytes(16),
    shown=bytes(32),
    internal=bytes(range(32)),
)
BODY = LEAF.to_bytes()


class TestLeaf:
    def test_is_written_as_it_will_be_for_ever(self) -> None:
        assert BODY == (
            b'{"ak":"data-subject","co":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",'
            b'"cs":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","ev":"consent.record.given",'
            b'"id":"6f1f9a3e-0b1c-4e52-9a60-3d3f0d6f6a11","st":"AAAAAAAAAAAAAAAAAAAAAA==",'
            b'"t":"2026-11-24T09:30:15Z","v":1}'
        )

    def test_is_read_back(self) -> None:
        assert parse_leaf(BODY) == LEAF

    def test_without_a_data_subject_has_an_empty_tag_and_commitment(self) -> None:
        leaf = replace(LEAF, subject_tag=b"", shown=b"")

        assert b'"cs":""' in leaf.to_bytes()
        assert parse_leaf(leaf.to_bytes()) == leaf

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b'"v":1', b'"v":2'),
            (b'"v":1', b'"v":true'),
            (b'"v":1', b'"v":"1"'),
            (b',"v":1', b""),
            (b'"v":1', b'"v":1,"w":1'),
            (b"{", b"{ "),
            (b"6f1f9a3e", b"6F1F9A3E"),
            (b"6f1f9a3e-", b"6f1f9a3e"),
            (b"6f1f9a3e", b"6f1f9a3x"),
            (b"09:30:15Z", b"09:30:15"),
            (b"2026-11-24", b"2026-13-24"),
            (b"AAECAwQF", b"AAECAw=="),
            (b"Hh8=", b"Hh9="),
            (b"Hh8=", b"Hh8"),
            (b'"st":"AAAAAAAAAAAAAAAAAAAAAA=="', b'"st":""'),
            (b'"st":"AAAAAAAAAAAAAAAAAAAAAA=="', b'"st":"AAAA"'),
            (b"data-subject", "betrokkené".encode()),
            (b"data-subject", b"x" * 70_000),
            (b'"data-subject"', b"1"),
        ],
    )
    def test_is_refused_in_any_other_form(self, old: bytes, new: bytes) -> None:
        assert old in BODY

        with pytest.raises(LeafError):
            parse_leaf(BODY.replace(old, new))

    @pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{}", b"null"])
    def test_is_refused_when_it_is_something_else(self, content: bytes) -> None:
        with pytest.raises(LeafError):
            parse_leaf(content)


class TestCommitment:
    OPENING = bytes(range(32))
    COMMITTED = commitment(part=SHOWN, uid=UID, opening=OPENING, payload=b"{}")

    def test_is_opened_by_what_it_was_made_of(self) -> None:
        check_commitment(
            committed=self.COMMITTED, part=SHOWN, uid=UID, opening=self.OPENING, payload=b"{}"
        )

    @pytest.mark.parametrize(
        "changed",
        [
            {"part": INTERNAL},
            {"uid": UUID(int=1)},
            {"opening": bytes(32)},
            {"opening": OPENING + b"{", "payload": b"}"},
            {"payload": b'{"a":1}'},
            {"committed": bytes(32)},
        ],
    )
    def test_is_opened_by_nothing_else(self, changed: dict[str, object]) -> None:
        right = {
            "committed": self.COMMITTED,
            "part": SHOWN,
            "uid": UID,
            "opening": self.OPENING,
            "payload": b"{}",
        }

        with pytest.raises(LeafError):
            check_commitment(**{**right, **changed})  # type: ignore[arg-type]


class TestSubjectTag:
    def test_differs_per_entry_and_per_data_subject(self) -> None:
        tags = {
            subject_tag(tag_key=key, uid=uid)
            for key in (b"a" * 32, b"b" * 32)
            for uid in (UID, UUID(int=1))
        }

        assert len(tags) == 4
        assert {len(tag) for tag in tags} == {16}
