"""One request to a provider: no redirect followed, an answer of bounded size, and a moment at which it is over. Pure."""

import http.client
import json
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from accounts.oidc.errors import UnreachableError

SECONDS = 5.0  # for the whole of it
LARGEST = 64 * 1024  # bytes; a set of keys with certificates takes a few thousand
_KINDS = ("application/json", "application/jwk-set+json")


def get(url: str) -> dict[str, Any]:
    """Return the JSON object at this address.

    Raises:
        UnreachableError: there is none that can be read, in time.
    """
    return _object(_asked(url, "GET", None, {}))


def post(url: str, form: Mapping[str, str], *, headers: Mapping[str, str]) -> dict[str, Any]:
    """Send a form and return the JSON object that comes back.

    Raises:
        UnreachableError: there is none that can be read, in time.
    """
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return _object(_asked(url, "POST", urlencode(form), {**headers, **kind}))


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreachableError("no JSON") from error
    if not isinstance(found, dict):
        raise UnreachableError("no JSON object")
    return found


def _asked(url: str, method: str, body: str | None, headers: Mapping[str, str]) -> bytes:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    # The timeout is for each step; a provider that sends a letter at a time must not hold us either.
    # The line is kept: of an answer that closes its connection, the connection no longer knows it.
    lines: list[socket.socket] = []
    is_over = threading.Event()
    end = threading.Timer(SECONDS, _cut, [lines, is_over])
    end.daemon = True
    end.start()
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.connect()
        lines.append(connection.sock)
        connection.request(method, target or "/", body, {"Accept": "application/json", **headers})
        answer = connection.getresponse()
        content = answer.read(LARGEST + 1)
        if is_over.is_set():
            raise http.client.IncompleteRead(content)
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(type(error).__name__) from error
    finally:
        end.cancel()
        connection.close()
    found = (answer.headers["Content-Type"] or "").partition(";")[0].strip().lower()
    if answer.status != HTTPStatus.OK or found not in _KINDS or len(content) > LARGEST:
        raise UnreachableError("another status, kind or size than was asked for")
    return content


def _cut(lines: list[socket.socket], is_over: threading.Event) -> None:
    is_over.set()
    for line in lines:
        with suppress(OSError):  # it ended just now
            line.shutdown(socket.SHUT_RDWR)
