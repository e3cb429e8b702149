"""Someone who set up both factors, with what they keep: the secret in the app and the codes on paper."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from accounts import operations, throttle, totp
from accounts.models import DataSubject, ServiceClient, ThrottleCounter, User
from accounts.throttle import Limit
from consent.models import Organisation
from tests import factories
from tests.factories import NOW, PASSWORD

EMAIL = "anna@voorbeeld.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    user: User
    secret: bytes
    codes: tuple[str, ...]

    def code(self, at: datetime) -> str:
        return totp.code_at(self.secret, totp.step_at(at.timestamp()))

    def wrong_code(self, at: datetime) -> str:
        near = {self.code(at + timedelta(seconds=shift)) for shift in (-30, 0, 30)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The time stands still at NOW, until a test moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def organisation(db: None) -> Organisation:
    """Pages name the organisation and show its register."""
    return factories.make_organisation()


@pytest.fixture
def enrolled(
    clock: time_machine.Traveller, organisation: Organisation, anna: DataSubject
) -> Enrolled:
    return enrol(anna.user)


@pytest.fixture
def enrolled_officer(clock: time_machine.Traveller, carla: User) -> Enrolled:
    return enrol(carla)


@pytest.fixture
def service(db: None) -> ServiceClient:
    return factories.make_client(factories.make_recipient())


def enrol(user: User | None) -> Enrolled:
    assert user is not None
    kept = operations.enrol(user=user, at=NOW)
    return Enrolled(user=user, secret=kept.secret, codes=kept.codes)


def give_password(
    client: Client, *, email: str = EMAIL, password: str = PASSWORD, next_page: str = ""
) -> HttpResponse:
    return client.post("/inloggen/", {"email": email, "password": password, "next": next_page})


def log_in(
    client: Client, person: Enrolled, *, email: str = EMAIL, at: datetime = NOW
) -> HttpResponse:
    give_password(client, email=email)
    return client.post("/inloggen/code/", {"code": person.code(at)})


def try_often(limit: Limit, value: str, times: int, at: datetime = NOW) -> None:
    """Leave the counter as so many attempts would, without making them."""
    throttle.count(limit=limit, value=value, at=at)
    newest = ThrottleCounter.objects.order_by("-pk").first()
    assert newest is not None
    ThrottleCounter.objects.filter(pk=newest.pk).update(count=times)
