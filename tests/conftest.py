"""Three people, as in any good story: Anna chooses, Bram must get nothing of hers, Carla reads the log."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils import translation

from accounts import allowances, live_clients, tokens
from accounts.models import DataSubject, Role, ServiceClient, User
from audit import keyring
from consent.models import DataCategory, Purpose
from consent.queries import register as register_in_memory
from tests import factories

# Playwright keeps an event loop in the thread of the tests; Django then takes them for asynchronous.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


_OF_A_DATABASE = frozenset({"db", "transactional_db", "django_db_setup"})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave a test that can reach no database to the run on SQLite: on another one it says nothing new."""
    if "REGIE_TESTS_OF_DATABASE_ONLY" not in os.environ:
        return
    left = [item for item in items if not _reaches_a_database(item)]
    items[:] = [item for item in items if _reaches_a_database(item)]
    config.hook.pytest_deselected(items=left)


def _reaches_a_database(item: pytest.Item) -> bool:
    is_marked = any(item.get_closest_marker(name) for name in ("django_db", "processes", "browser"))
    return is_marked or not _OF_A_DATABASE.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(autouse=True)
def _fresh_memory() -> Iterator[None]:
    """The register, keys and clients are kept in memory; a test that rolls back must not leave its own behind."""
    register_in_memory.forget()
    yield
    register_in_memory.forget()
    for kept in (keyring, live_clients, allowances, tokens):
        kept.forget_all()


@pytest.fixture(autouse=True)
def _dutch_first() -> Iterator[None]:
    """A request leaves its language to the thread; the next test must not get it."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def anna(db: None) -> DataSubject:
    return factories.make_subject(user=factories.make_user())


@pytest.fixture
def bram(db: None) -> DataSubject:
    return factories.make_subject(
        "VW-0000002",
        name="de heer B. Bakker",
        user=factories.make_user("bram@voorbeeld.example"),
    )


@pytest.fixture
def carla(db: None) -> User:
    return factories.make_user("carla@vechtwater.example", role=Role.OFFICER)


@pytest.fixture
def usage(db: None) -> DataCategory:
    return factories.make_category("usage")


@pytest.fixture
def household(db: None) -> DataCategory:
    return factories.make_category("household", position=2)


@pytest.fixture
def leak_warning(usage: DataCategory, household: DataCategory) -> Purpose:
    """A purpose on consent: usage required, household optional; used by the team storingsdienst."""
    factories.make_organisation()
    return factories.make_purpose(
        categories={usage: True, household: False}, recipient=factories.make_recipient()
    )


@pytest.fixture
def lekdetectie(leak_warning: Purpose) -> ServiceClient:
    recipient = leak_warning.processings.select_related("recipient").first()
    assert recipient is not None
    return factories.make_client(recipient.recipient)
