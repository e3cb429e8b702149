import pytest

from accounts.errors import EmailTakenError, ReferenceTakenError
from accounts.identity import (
    canonical_email,
    canonical_reference,
    email_of,
    name_of,
    reference_of,
)
from accounts.models import DataSubject, Role
from accounts.operations import create_user, register_data_subject
from accounts.queries import subject_by_reference, subject_of, user_by_email
from audit import keyring
from tests import factories
from tests.factories import NOW, PASSWORD


class TestCanonicalForms:
    @pytest.mark.parametrize(
        "typed",
        [
            " Anna@Voorbeeld.Example ",
            "ANNA@VOORBEELD.EXAMPLE",
            "\uff41nna@voorbeeld.example",  # full width
        ],
    )
    def test_of_one_address_are_the_same(self, typed: str) -> None:
        assert canonical_email(typed) == "anna@voorbeeld.example"

    @pytest.mark.parametrize(
        "address", ["stra\u00dfe@x.example", "\u017fam@x.example", "\u0390@x.example"]
    )
    def test_do_not_change_when_taken_twice(self, address: str) -> None:
        once = canonical_email(address)

        assert canonical_email(once) == once

    @pytest.mark.parametrize("typed", ["VW-0000001", "vw-0000001", " VW-000 0001"])
    def test_of_one_customer_number_are_the_same(self, typed: str) -> None:
        assert canonical_reference(typed) == "VW-0000001"


class TestSealedFields:
    def test_open_to_what_was_given(self, anna: DataSubject) -> None:
        assert name_of(anna) == "mevrouw A. Jansen"
        assert reference_of(anna) == "VW-0000001"
        assert anna.user is not None
        assert email_of(anna.user) == "anna@voorbeeld.example"

    def test_of_one_person_do_not_open_for_another(
        self, anna: DataSubject, bram: DataSubject
    ) -> None:
        anna.name_sealed = bram.name_sealed

        with pytest.raises(keyring.SealBrokenError):
            name_of(anna)

    def test_do_not_open_in_another_column(self, anna: DataSubject) -> None:
        anna.name_sealed = anna.reference_sealed

        with pytest.raises(keyring.SealBrokenError):
            name_of(anna)

    def test_are_gone_with_the_key(self, anna: DataSubject) -> None:
        keyring.destroy(key=anna.key, at=NOW)
        anna.key.refresh_from_db()

        with pytest.raises(keyring.KeyDestroyedError):
            name_of(anna)


@pytest.mark.django_db
class TestLookUp:
    def test_finds_a_person_by_any_spelling(self, anna: DataSubject) -> None:
        assert user_by_email("ANNA@voorbeeld.example") == anna.user
        assert subject_by_reference("vw-000 0001") == anna
        assert anna.user is not None
        assert subject_of(anna.user.id) == anna

    def test_finds_nobody_for_an_unknown_number(self, anna: DataSubject) -> None:
        assert subject_by_reference("VW-0000009") is None
        assert user_by_email("") is None


@pytest.mark.django_db
class TestMakingPeople:
    def test_refuses_an_address_that_is_in_use(self, anna: DataSubject) -> None:
        with pytest.raises(EmailTakenError):
            create_user(
                email="Anna@Voorbeeld.example", password=PASSWORD, role=Role.CUSTOMER, at=NOW
            )

    def test_refuses_a_customer_number_that_is_in_use(self, anna: DataSubject) -> None:
        with pytest.raises(ReferenceTakenError):
            register_data_subject(reference="vw-0000001", name="iemand", user=None, at=NOW)

    def test_refuses_a_second_person_behind_one_login(self, anna: DataSubject) -> None:
        with pytest.raises(ReferenceTakenError):
            register_data_subject(reference="VW-0000003", name="iemand", user=anna.user, at=NOW)

    def test_makes_a_person_without_a_login(self) -> None:
        assert factories.make_subject().user is None
