"""Every address with an id in it, asked by whom the id is not of: not there, and nothing told.

An address with an id that is missing here fails the test.
"""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.identity import name_of, reference_of
from accounts.models import DataSubject, Mandate, Role, User, UserSession
from audit import queries as log
from audit.contents import Contents
from audit.events import EventKind
from consent import operations
from consent.models import DataCategory, Purpose
from consent.operations import exports
from consent.queries.log import LogFilters
from tests import factories
from tests.accounts.passkey_steps import give_passkey
from tests.accounts.steps import user_of
from tests.consent.test_queries import hold
from tests.test_role_matrix import every_pattern
from tests.visitors import at_the_desk, client_of, mandate_between

pytestmark = pytest.mark.django_db

PURPOSE = "lekwaarschuwing"
# What is in these addresses is of nobody: codes of the register, places in the log.
OF_NOBODY = {"purpose", "dismiss", "desk-purpose", "tile", "bundle"}
# An officer may see every line and every mandate that the law gives; the matrix says for whom the pages are.
OF_THE_OFFICE = {"log-entry", "log-entry-proof", "legal-mandate-end"}
OF_THE_OFFICE |= {"recovery-approve", "recovery-stop"}
OF_THE_OFFICE |= {"service", "service-key", "invitation-approve", "invitation-withdraw"}
OF_THE_OFFICE |= {"staff-stop", "staff-recovery", "staff-recovery-approve", "staff-recovery-stop"}
# Each holds a secret of 128 bits that was mailed to one person: it is of whoever has it.
OF_ITS_HOLDER = {"activation-link", "password-reset-link", "invitation-link"}
OF_ITS_HOLDER |= {"email-change-link", "email-undo-link", "recovery-cancel-link"}
Arguments = tuple[object, ...]


@pytest.fixture
def swapped(
    anna: DataSubject, bram: DataSubject, carla: User, leak_warning: Purpose, usage: DataCategory
) -> dict[str, Arguments]:
    """The arguments by name of the address, each of something of Anna, or of an officer who is not Carla."""
    mandate = mandate_between(anna, factories.make_subject("VW-0000009", user=None))
    dirk = factories.make_user("dirk@vechtwater.example", role=Role.OFFICER)
    job = exports.ask(
        officer=dirk, contents=Contents.TABLE, filters=LogFilters(), at=timezone.now()
    )
    number, line = chosen(anna), newest_line(anna)
    held = hold(anna, usage, "rekening", "NL12BANK0123456789", is_masked=True)
    passkey = give_passkey(user_of(anna), at=timezone.now())[1]
    client_of(user_of(anna))
    session = UserSession.objects.get(user=user_of(anna))
    return {
        "confirmation": (PURPOSE, number),
        "desk-confirmation": (PURPOSE, number),
        "proof": (line,),
        "show-value": (held.pk,),
        "end-session": (session.public_id,),
        **dict.fromkeys(("passkey-name", "passkey-remove"), (passkey.public_id,)),
        "mandate-use": (mandate.pk,),
        "mandate-end": (mandate.pk,),
        **dict.fromkeys(("job", "job-cancel", "job-again", "job-result"), (job.pk,)),
    }


def chosen(subject: DataSubject) -> str:
    return operations.record_choices(
        subject=subject,
        purpose=PURPOSE,
        choices={"usage": True, "household": True},
        notice_number=1,
        language="nl",
        at=timezone.now(),
    ).number


def newest_line(subject: DataSubject) -> UUID:
    found = log.EntryFilter(subject_id=subject.pk, kind=EventKind.CONSENT_GIVEN)
    return log.entries(filter=found, before=None, limit=1)[0].uid


def with_an_id() -> list[str]:
    return sorted(pattern.name or "" for pattern in every_pattern() if pattern.pattern.converters)


def others(bram: DataSubject, carla: User) -> dict[str, Callable[[], Client]]:
    """Return everyone who could ask for it: another customer, the desk with that one open, an officer."""
    return {
        "customer": lambda: client_of(user_of(bram)),
        "desk": lambda: at_the_desk(bram),
        "officer": lambda: client_of(carla),
    }


def test_every_address_with_an_id_is_swept(swapped: dict[str, Arguments]) -> None:
    assert set(with_an_id()) == {*swapped, *OF_NOBODY, *OF_THE_OFFICE, *OF_ITS_HOLDER}


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_of_another_is_not_there(
    swapped: dict[str, Arguments], anna: DataSubject, bram: DataSubject, carla: User, method: str
) -> None:
    canaries = (name_of(anna), reference_of(anna), "anna@voorbeeld.example", "NL12BANK")
    visitors = {who: client() for who, client in others(bram, carla).items()}
    for name, arguments in swapped.items():
        for who, client in visitors.items():
            answer = getattr(client, method)(reverse(name, args=arguments), {"notice": "1"})

            assert answer.status_code in expected(name, who), (name, who)
            assert not any(canary in answer.text for canary in canaries), (name, who)


def expected(name: str, who: str) -> set[int]:
    """Return 404 for whom such a page is at all (or 405, for the other method); else what the matrix says."""
    is_of_desk, is_of_office = name.startswith("desk-"), name.startswith("job")
    if is_of_desk or is_of_office:
        return {404, 405} if who == ("desk" if is_of_desk else "officer") else {403, 405}
    return {404, 405}


def test_nothing_of_another_was_changed(
    swapped: dict[str, Arguments], anna: DataSubject, bram: DataSubject
) -> None:
    client = client_of(user_of(bram))
    for name, arguments in swapped.items():
        client.post(reverse(name, args=arguments), {"notice": "1"})

    assert UserSession.objects.filter(user=user_of(anna)).exists()
    assert Mandate.objects.get().counts_at(timezone.now())
    assert not log.entries(
        filter=log.EntryFilter(subject_id=anna.pk, kind=EventKind.MANDATE_STARTED),
        before=None,
        limit=1,
    )


def test_whose_it_is_finds_it(swapped: dict[str, Arguments], anna: DataSubject) -> None:
    client = client_of(user_of(anna))

    assert client.get(reverse("confirmation", args=swapped["confirmation"])).status_code == 200
    assert client.post(reverse("mandate-end", args=swapped["mandate-end"])).status_code == 302
    desk = at_the_desk(anna)
    address = reverse("desk-confirmation", args=swapped["desk-confirmation"])
    assert desk.get(address).status_code == 200
