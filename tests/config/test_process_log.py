"""The process log tells what went wrong and where, and never a value of a person."""

import logging
import sys
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import DataError, OperationalError
from django.test import Client, RequestFactory
from django.urls import resolve
from pytest_django import Settings

from audit.keyfiles import KeyFileError
from config.process_log import Formatter, report_of, words_of

CANARY = "kanarie@voorbeeld.example"


def line(message: object, *args: Any, error: BaseException | None = None, **more: Any) -> str:
    """Return what stands in the log."""
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("regie", logging.ERROR, __file__, 1, message, args, info)
    record.__dict__.update(more)
    record.exc_text = f"kept by another handler: {CANARY}" if error else None
    return Formatter("{levelname} {name}: {message}", style="{").format(record)


def raised(error: Exception) -> Exception:
    def fail(_password: str) -> None:
        raise error

    try:
        fail(CANARY)
    except type(error) as caught:
        return caught
    raise AssertionError


class TestMessage:
    def test_is_one_line(self) -> None:
        assert line("Hello %s", "a\r\nERROR regie: forged\x1b[2J") == (
            "ERROR regie: Hello a\\r\\nERROR regie: forged\\x1b[2J"
        )

    def test_may_hold_a_percent_sign(self) -> None:
        assert line("100 % of it") == "ERROR regie: 100 % of it"

    @pytest.mark.parametrize(
        "error",
        [
            KeyFileError("The key file is damaged."),
            OSError(28, "No space left on device"),
            OperationalError("database is locked"),
            TypeError("object is not callable"),
        ],
    )
    def test_quotes_an_exception_about_the_machine(self, error: Exception) -> None:
        assert line("Stopped. %s", error) == f"ERROR regie: Stopped. {error}"
        assert words_of(error) == f"{type(error).__name__}: {error}"

    @pytest.mark.parametrize(
        "error",
        [
            ValueError(CANARY),
            KeyError(CANARY),
            DataError(CANARY),
            SMTPRecipientsRefused({CANARY: (550, b"unknown")}),
        ],
    )
    def test_quotes_no_exception_about_a_value(self, error: Exception) -> None:
        assert CANARY not in line("Stopped. %s", error)
        assert words_of(error).startswith(type(error).__name__)

    def test_of_celery_tells_what_kind_of_error_a_task_raised(self) -> None:
        told = {"name": "send", "exc": f"ValueError({CANARY!r})", "traceback": CANARY}

        text = line("Task %(name)s raised: %(exc)s", told, error=raised(ValueError(CANARY)))

        assert text.startswith("ERROR regie: Task send raised: ValueError (")
        assert CANARY not in text

    def test_with_named_parts_and_no_exception_is_told_whole(self) -> None:
        assert line("Task %(name)s: %(exc)s", {"name": "send", "exc": "-"}) == (
            "ERROR regie: Task send: -"
        )

    def test_that_is_the_exception_itself_is_left_out(self) -> None:
        error = raised(SuspiciousOperation(CANARY))

        assert CANARY not in line(str(error), error=error)

    def test_names_the_page_and_not_the_link(self) -> None:
        request = RequestFactory().get("/wie-keek/0b8a0c1e-0000-4000-8000-000000000000/bewijs")
        request.resolver_match = resolve(request.path)

        said = line("%s: %s", "Internal Server Error", request.path, request=request)

        assert said == "ERROR regie: Internal Server Error: /wie-keek/<uuid:uid>/bewijs"

    def test_names_no_address_that_is_no_page(self) -> None:
        request = RequestFactory().get(f"/{CANARY}")

        assert CANARY not in line("%s: %s", "Not Found", request.path, request=request)


class TestReport:
    def test_shows_code_and_no_values(self) -> None:
        text = line("Wrong.", error=raised(ValueError(CANARY)))

        assert "raise error" in text
        assert "test_process_log.py" in text
        assert CANARY not in text

    def test_tells_what_came_before(self) -> None:
        first, second = raised(KeyError(CANARY)), ValueError(CANARY)
        second.__cause__ = first

        assert report_of(second).index("KeyError") < report_of(second).index("ValueError")
        assert CANARY not in report_of(second)

    def test_leaves_out_what_was_said_not_to_matter(self) -> None:
        error = ValueError(CANARY)
        error.__context__, error.__suppress_context__ = KeyError(CANARY), True

        assert "KeyError" not in report_of(error)

    def test_of_a_chain_that_bites_its_tail_ends(self) -> None:
        one, other = ValueError(), KeyError()
        one.__context__, other.__context__ = other, one

        assert report_of(one).count("Traceback") == 2

    def test_of_no_exception_is_empty(self) -> None:
        assert Formatter().formatException((None, None, None)) == ""
        assert "KeyError" not in Formatter().formatException(sys.exc_info())


@pytest.mark.urls("tests.config.urls")
@pytest.mark.django_db
class TestPageOfDebug:
    @pytest.mark.parametrize("accept", ["text/html", "application/json"])
    def test_shows_no_variable_no_form_and_no_cookie(self, settings: Settings, accept: str) -> None:
        settings.DEBUG = True
        client = Client(raise_request_exception=False)
        client.cookies["session"] = CANARY

        answer = client.post(
            "/pages/fail/unplanned", {"password": CANARY}, headers={"Accept": accept}
        )

        text = answer.content.decode()
        assert answer.status_code == 500
        assert "ZeroDivisionError" in text
        assert "Ada Lovelace divided" not in text
        assert CANARY not in text
        assert settings.SECRET_KEY not in text


class TestConfiguration:
    def test_mails_no_error_to_anyone(self) -> None:
        names = [None, *logging.root.manager.loggerDict]
        handlers = {type(it).__name__ for name in names for it in logging.getLogger(name).handlers}

        assert "AdminEmailHandler" not in handlers

    @pytest.mark.parametrize("name", ["django.db.backends", "django.template"])
    def test_never_tells_rows_or_pages(self, name: str) -> None:
        assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)

    def test_gives_all_messages_one_form(self) -> None:
        assert [type(it.formatter) for it in logging.getLogger().handlers].count(Formatter) == 1
        assert settings.CELERY_WORKER_HIJACK_ROOT_LOGGER is False
