"""What people do to log in, and what they keep: the secret in the app and the codes on paper."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.test import Client

from accounts import operations, throttle, totp
from accounts.models import DataSubject, ThrottleCounter, User
from accounts.throttle import Limit
from tests.factories import NOW, PASSWORD

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

EMAIL = "anna@voorbeeld.example"
OFFICER_EMAIL = "carla@vechtwater.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """Someone who set up both factors."""

    user: User
    secret: bytes
    codes: tuple[str, ...]

    def code(self, at: datetime) -> str:
        return totp.code_at(self.secret, totp.step_at(at.timestamp()))

    def wrong_code(self, at: datetime) -> str:
        near = {self.code(at + timedelta(seconds=shift)) for shift in (-30, 0, 30)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


def enrol(user: User, *, at: datetime = NOW) -> Enrolled:
    kept = operations.enrol(user=user, at=at)
    return Enrolled(user=user, secret=kept.secret, codes=kept.codes)


def user_of(subject: DataSubject) -> User:
    assert subject.user is not None
    return subject.user


def give_password(
    client: Client, *, email: str = EMAIL, password: str = PASSWORD, next_page: str = ""
) -> "Answer":
    return client.post("/inloggen/", {"email": email, "password": password, "next": next_page})


def log_in(client: Client, person: Enrolled, *, email: str = EMAIL, at: datetime = NOW) -> "Answer":
    give_password(client, email=email)
    return client.post("/inloggen/code/", {"code": person.code(at)})


def try_often(limit: Limit, value: str, times: int, at: datetime = NOW) -> None:
    """Leave the counter as so many attempts would, without making them."""
    throttle.count(limit=limit, value=value, at=at)
    key = throttle.Bucket(limit=limit, value=value).key
    ThrottleCounter.objects.filter(key=key).update(count=times)
