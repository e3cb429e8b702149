"""What the process log may say: what happened and where in the code, and never a value of a person."""

import copy
import logging
import traceback
from collections.abc import Iterator, Mapping
from smtplib import SMTPException

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter

_LEFT_OUT = "what it says may hold personal data, and is left out"
_NO_PAGE = "(an address that is no page)"
# What these say is about this machine, its settings or its programs. Of others a message may quote a
# row or a form: `invalid literal for int() with base 10: 'NL69 …'`.
_ABOUT_US = (
    AttributeError,
    ImportError,
    ImproperlyConfigured,
    NameError,
    OSError,
    OperationalError,
    TypeError,
)
_OUR_OWN = frozenset({"accounts", "audit", "config", "consent"})


def words_of(error: BaseException) -> str:
    """Return the kind of exception, and its message when that cannot be about a person."""
    kind = type(error).__qualname__
    return f"{kind}: {error}" if _is_about_us(error) else f"{kind} ({_LEFT_OUT})"


def report_of(error: BaseException) -> str:
    """Return where an exception came from, and those before it: lines of code, no values of variables."""
    lines: list[str] = []
    for one in reversed(list(_chain(error))):
        lines.append("Traceback (most recent call last):\n")
        lines += traceback.format_tb(one.__traceback__)
        lines.append(f"{words_of(one)}\n")
    return "".join(lines).rstrip()


def _is_about_us(error: BaseException) -> bool:
    if isinstance(error, SMTPException):  # an OSError that quotes who was written to
        return False
    is_ours = type(error).__module__.partition(".")[0] in _OUR_OWN
    return is_ours or isinstance(error, _ABOUT_US)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


class Formatter(logging.Formatter):
    """One line per message, whatever is in it, and below it where an exception came from."""

    def format(self, record: logging.LogRecord) -> str:
        shown = copy.copy(record)
        shown.exc_text = None  # another handler may have kept its own
        shown.msg, shown.args = _one_line(_message(record)), ()
        return super().format(shown)

    def formatException(self, ei: "logging._SysExcInfoType") -> str:  # noqa: N802  # the name of logging
        return report_of(ei[1]) if ei[1] is not None else ""


def _message(record: logging.LogRecord) -> str:
    raised = record.exc_info[1] if record.exc_info else None
    if raised is not None and str(record.msg) == str(raised):
        return words_of(raised)
    if isinstance(record.args, Mapping):
        told = {name: _told(value, record) for name, value in record.args.items()}
        if raised is not None and "exc" in told:  # Celery tells in words what a task raised
            told |= {"exc": words_of(raised)}
        return str(record.msg) % told
    args = tuple(_told(value, record) for value in record.args or ())
    return str(record.msg) % args if args else str(record.msg)


def _told(value: object, record: logging.LogRecord) -> object:
    """Return what may be told of one value: no message that quotes, and no link that opens something."""
    if isinstance(value, BaseException):
        return value if _is_about_us(value) else words_of(value)
    request = getattr(record, "request", None)
    if isinstance(request, HttpRequest) and value == request.path.encode("unicode_escape").decode():
        return f"/{request.resolver_match.route}" if request.resolver_match else _NO_PAGE
    return value


def _one_line(text: str) -> str:
    """Return the text without control characters: a line in the log is one that the program wrote."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


class Reporter(ExceptionReporter):
    """The page of REGIE_DEBUG: where it went wrong. Django's own shows every variable, form and cookie."""

    def get_traceback_html(self) -> SafeString:
        return format_html("<!doctype html><title>500</title><pre>{}</pre>", self._report())

    def get_traceback_text(self) -> SafeString:
        return mark_safe(self._report())  # noqa: S308  # sent as text/plain

    def _report(self) -> str:
        return report_of(self.exc_value) if self.exc_value is not None else ""
