"""All there is to know of one entry: what it says, that it is in the log, and everything that does not agree."""

from collections.abc import Callable
from uuid import UUID

import metamorphic_log
import pytest
from pytest_django import DjangoAssertNumQueries

from audit import checkpoint, inspection, keyring, merkle, operations
from audit.canonical import canonical
from audit.leaf import INTERNAL, SHOWN, check_commitment, from_base64
from audit.models import Key, Leaf, LogEntry, Payload
from tests.audit.builders import ANNA, NOW, an_event, append, lifted_triggers, log_of

pytestmark = pytest.mark.django_db
NOBODY = UUID("00000000-0000-4000-8000-000000000000")


class TestInspect:
    def test_opens_both_parts_and_what_they_were_sealed_with(self) -> None:
        entry = append(an_event(shown={"notice": 3}, internal={"user": "7"}))

        found = inspection.inspect(entry.uid)

        assert found.parsed is not None
        for part, opening, members, committed in (
            (SHOWN, found.shown_opening, found.view.shown, found.parsed.shown),
            (INTERNAL, found.internal_opening, found.view.internal, found.parsed.internal),
        ):
            check_commitment(
                committed=committed,
                part=part,
                uid=entry.uid,
                opening=from_base64(opening),
                payload=canonical(dict(members or {})),
            )
        assert found.leaf.encode() == bytes(entry.leaf)
        assert found.faults == ()

    def test_waits_for_a_signed_head(self) -> None:
        entry = append(an_event())
        assert inspection.inspect(entry.uid).proof is None
        operations.integrate(at=NOW)
        assert inspection.inspect(entry.uid).proof is None
        operations.publish(at=NOW)

        found = inspection.inspect(entry.uid)

        assert found.proof is not None
        assert (found.signed_size, found.signed_at) == (1, NOW)

    def test_proves_what_another_program_believes(self) -> None:
        entry = log_of(5)[3]

        found = inspection.inspect(entry.uid)

        assert found.proof is not None
        head, _ = checkpoint.parse_note(found.proof.note)
        metamorphic_log.verify_inclusion(
            3, head.size, merkle.leaf_hash(found.leaf.encode()), list(found.proof.hashes), head.root
        )

    @pytest.mark.parametrize(("size", "queries"), [(3, 5), (300, 7)])  # never more, see TestTiles
    def test_costs_no_more_in_a_longer_log(
        self, size: int, queries: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        entry = log_of(size)[0]

        with django_assert_num_queries(queries):
            inspection.inspect(entry.uid)

    def test_of_an_unknown_entry_says_so(self) -> None:
        with pytest.raises(inspection.UnknownEntryError):
            inspection.inspect(NOBODY)
        with pytest.raises(inspection.UnknownEntryError):
            inspection.reader_of(NOBODY)


class TestReader:
    def test_is_whom_it_is_about_until_that_person_is_erased(self) -> None:
        about_anna, about_nobody = append(an_event()), append(an_event(subject_id=None))
        assert inspection.reader_of(about_anna.uid) == ANNA
        assert inspection.reader_of(about_nobody.uid) is None

        operations.destroy_key(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)

        assert inspection.reader_of(about_anna.uid) is None
        erased = inspection.inspect(about_anna.uid)
        assert (erased.view.shown, erased.shown_opening, erased.faults) == (None, "", ())


class TestFaults:
    """Each fault is named, and the rest of the entry is shown all the same."""

    @pytest.mark.parametrize(
        ("tamper", "said"),
        [
            (
                lambda entry: Payload.objects.filter(pk=entry.pk).update(subject_part=b"damaged"),
                "audit_payload, column subject_part: These bytes were not sealed by this key ring.",
            ),
            (
                lambda entry: Payload.objects.filter(pk=entry.pk).update(organisation_part=b"x"),
                "audit_payload, column organisation_part: These bytes were not sealed by this key ring.",
            ),
            (
                lambda entry: Payload.objects.filter(pk=entry.pk).update(purpose="other"),
                "audit_payload, column purpose: it is not what the sealed payload says.",
            ),
            (
                lambda entry: LogEntry.objects.filter(pk=entry.pk).update(kind="other"),
                "audit_logentry, column kind: it is not what the leaf says.",
            ),
            (
                lambda entry: Payload.objects.filter(pk=entry.pk)._raw_delete("default"),
                "audit_payload: the payload is missing.",
            ),
            (
                lambda entry: Key.objects.filter(owner_id=ANNA)._raw_delete("default"),
                "audit_payload, column subject_key_id: the key of a sealed part is missing.",
            ),
            (
                lambda entry: LogEntry.objects.filter(pk=entry.pk).update(leaf=b"\xff{}"),
                "audit_logentry, column leaf: This is not a leaf of the log",
            ),
            (
                lambda entry: Leaf.objects.filter(index=1).update(hash=bytes(32)),
                "Entry 0 is not in the log with this root.",
            ),
            (
                lambda entry: Leaf.objects.filter(index=0).update(hash=bytes(32)),
                "audit_leaf, column hash: it is not that of the entry.",
            ),
            (
                lambda entry: Leaf.objects.filter(index=1)._raw_delete("default"),
                "Hashes 0 to 4 of level 0 of the log are missing.",
            ),
        ],
    )
    def test_are_named(self, tamper: Callable[[LogEntry], object], said: str) -> None:
        entry = log_of(4)[0]
        with lifted_triggers():
            tamper(entry)

            found = inspection.inspect(entry.uid)

        assert said in "\n".join(found.faults)
        assert found.view.uid == entry.uid
