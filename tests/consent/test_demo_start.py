"""The demo as it starts: where it is, and whom to call."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from consent.demo.place import HELP_PHONE, HOST
from tests.consent.catalogues import VECHTWATER


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def _handlers() -> Iterator[None]:
    """The command takes the signals for itself, and is not the last to run here."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.django_db
@pytest.mark.usefixtures("_handlers")
def test_a_port_that_was_just_taken_is_named(
    settings: Settings, tmp_path: Path, taken_port: int
) -> None:
    settings.DEMO = True
    settings.DATA_DIR = tmp_path

    with pytest.raises(CommandError, match=f"Port {taken_port} is in use"):
        call_command("demo", port=taken_port)


def test_an_error_page_gives_the_number_of_the_catalogue() -> None:
    assert VECHTWATER.organisation.contact["phone"] == HELP_PHONE
