"""The people of the demonstration: made through the same operations as real ones, with a little history.

Only the demo command calls this: `people.yaml` holds passwords that everyone can read.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from accounts.models import DataSubject, Recipient, Role, ServiceClient, User
from accounts.operations import create_user, enrol, put_client, register_data_subject
from accounts.queries import subject_by_reference, user_by_email
from audit import keyring
from consent.models import DataItem, HeldItem, Message, NoticeVersion
from consent.operations import decide_access, record_choices
from consent.operations.access import AccessQuestion, Asker
from consent.queries.holdings import held_context

PEOPLE_PATH = Path(__file__).parent / "people.yaml"
_STAFF = {Role.OFFICER: "officers", Role.DESK: "desk", Role.ADMIN: "admins"}
JOINED = timedelta(days=800)  # before everything in the history


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """Someone who can log in. `totp_secret` (base32) is None while the second step is not set up.

    `reference` is the customer number; staff has none ("").
    """

    role: Role

    email: str
    password: str
    totp_secret: str | None
    reference: str
    name: str
    story: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of history: a choice (`answers`) or a question of a service (`client_id`, `category`)."""

    at: datetime
    reference: str
    purpose: str
    answers: Mapping[str, bool] | None = None
    client_id: str = ""
    category: str = ""


@transaction.atomic
def load_people(*, at: datetime) -> list[DemoAccount]:
    """Make everyone who is not there yet, with what is held and what happened before `at`; return all accounts.

    The first accounts are those of customers. The catalogue of
    Vechtwater has to be loaded; to make a believable past, load it with a moment before `at - JOINED`.
    """
    load_services(at=at - JOINED)
    for role, part in _STAFF.items():
        for employee in _content()[part]:
            if user_by_email(employee["email"]) is None:
                _make_login(employee, role=role, at=at)
    people = _content()["people"]
    new = {
        person["reference"]: _make_person(person, at=at)
        for person in people
        if subject_by_reference(person["reference"]) is None
    }
    happenings = [
        happening
        for person in people
        if person["reference"] in new
        for happening in _history(person, at=at)
    ]
    _live_through(sorted(happenings, key=lambda happening: happening.at), subjects=new)
    return demo_accounts()


def load_services(*, at: datetime) -> list[ServiceClient]:
    """Register the systems that ask; their keys are made by whoever hands them out."""
    recipients = {recipient.slug: recipient for recipient in Recipient.objects.all()}
    return [
        put_client(
            client_id=service["client_id"],
            recipient=recipients[service["recipient"]],
            scopes=service["scopes"],
            purposes=service["purposes"],
            at=at,
        )
        for service in _content()["services"]
    ]


def demo_accounts() -> list[DemoAccount]:
    """Return who can log in, without touching the database."""
    return [
        DemoAccount(
            role=role,
            email=person["email"],
            password=person["password"],
            totp_secret=person.get("totp_secret"),
            reference=person.get("reference", ""),
            name=person["name"],
            story=person["story"],
        )
        for role, part in {Role.CUSTOMER: "people", **_STAFF}.items()
        for person in _content()[part]
    ]


@cache
def _content() -> Any:
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    return yaml.load(PEOPLE_PATH.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  both are safe loaders


def _make_person(person: Mapping[str, Any], *, at: datetime) -> DataSubject:
    subject = register_data_subject(
        reference=person["reference"],
        name=person["name"],
        user=_make_login(person, role=Role.CUSTOMER, at=at),
        at=at - JOINED,
    )
    if "totp_secret" in person and subject.user:
        _enrol(subject.user, person, at=at)
    _hold(subject, person["held"], at=at)
    return subject


def _make_login(person: Mapping[str, Any], *, role: Role, at: datetime) -> User:
    user = create_user(
        email=person["email"], password=person["password"], role=role, at=at - JOINED
    )
    if role is not Role.CUSTOMER:
        _enrol(user, person, at=at)
    return user


def _enrol(user: User, person: Mapping[str, Any], *, at: datetime) -> None:
    # After the data subject exists: only then can its owner read this line of the log.
    enrol(user=user, at=at - JOINED, secret=base64.b32decode(person["totp_secret"]))


def _hold(subject: DataSubject, held: list[tuple[str, str, int]], *, at: datetime) -> None:
    items = {item.slug: item for item in DataItem.objects.all()}
    rows = []
    for slug, value, days_ago in held:
        row = HeldItem(
            subject=subject,
            item=items[slug],
            source_id=items[slug].source_id,
            obtained_on=(at - timedelta(days=days_ago)).date(),
        )
        row.value_sealed = keyring.seal(
            key=subject.key, plaintext=value.encode(), context=held_context(row.id)
        )
        rows.append(row)
    HeldItem.objects.bulk_create(rows)


def _history(person: Mapping[str, Any], *, at: datetime) -> list[Happening]:
    found = []
    for minute, line in enumerate(person["history"]):
        if "choose" in line:
            days_ago, hour, purpose, answers = line["choose"]
            facts = {"purpose": purpose, "answers": answers}
        else:
            days_ago, hour, client_id, purpose, category = line["ask"]
            facts = {"client_id": client_id, "purpose": purpose, "category": category}
        moment = (at - timedelta(days=days_ago)).replace(
            hour=hour, minute=minute, second=0, microsecond=0
        )
        found.append(Happening(at=moment, reference=person["reference"], **facts))
    return found


def _live_through(happenings: list[Happening], *, subjects: Mapping[str, DataSubject]) -> None:
    """Let it all happen in the order of time, so that each answer follows from what stood then."""
    askers = {
        client.client_id: Asker(
            client_id=client.client_id,
            recipient=client.recipient.slug,
            recipient_id=client.recipient_id,
            purposes=frozenset(client.purposes),
        )
        for client in ServiceClient.objects.select_related("recipient")
    }
    notices = {
        notice.purpose.slug: notice.number
        for notice in NoticeVersion.objects.select_related("purpose").order_by("number")
    }
    for happening in happenings:
        if happening.answers is None:
            _ask(happening, askers[happening.client_id])
        else:
            _choose(
                happening, subjects[happening.reference], notice_number=notices[happening.purpose]
            )


def _choose(happening: Happening, subject: DataSubject, *, notice_number: int) -> None:
    submission = record_choices(
        subject=subject,
        purpose=happening.purpose,
        choices=happening.answers or {},
        notice_number=notice_number,
        language="nl",
        at=happening.at,
    )
    # What was chosen long ago was confirmed long ago: nobody gets a mail about it today.
    Message.objects.filter(submission=submission.number).update(
        sent_at=happening.at, next_try_at=None
    )


def _ask(happening: Happening, asker: Asker) -> None:
    question = AccessQuestion(
        subject_type="service",
        subject_id=asker.client_id,
        purpose=happening.purpose,
        resource_type="data_subject",
        reference=happening.reference,
        data_category=happening.category,
    )
    decide_access(question=question, asker=asker, at=happening.at)
