"""The time stands still; Anna and Carla have set up both factors."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from pytest_django import Settings

from accounts.models import DataSubject, ServiceClient, User
from consent.models import Organisation
from tests import factories
from tests.accounts.steps import Enrolled, enrol, user_of
from tests.factories import NOW


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
    return enrol(user_of(anna))


@pytest.fixture
def enrolled_officer(clock: time_machine.Traveller, carla: User) -> Enrolled:
    return enrol(carla)


@pytest.fixture
def service(db: None) -> ServiceClient:
    return factories.make_client(factories.make_recipient())


@pytest.fixture
def letter_box(settings: Settings, tmp_path: Path) -> Path:
    """Where letters go that have to be posted."""
    settings.LETTERS_DIR = tmp_path / "letters"
    return tmp_path / "letters"
