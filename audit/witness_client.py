"""Ask a witness over HTTP: one request, no redirect, an answer of a few lines, and a moment at which it is over.

Pure: the standard library only. Whoever asks knows what to ask and what to make of the answer.
"""

import http.client
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 5.0  # for the whole of it
_LARGEST_ANSWER = 16 * 1024


class UnreachableError(Exception):
    """The witness did not answer, or not in time, or not in a way that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    kind: str
    text: str


def ask(url: str, body: bytes, *, seconds: float = SECONDS) -> Reply:
    """Send a request to the witness at this address.

    Raises:
        UnreachableError: there is no answer.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    # The timeout is for each step; a witness that sends a letter at a time must not hold us either.
    # The line is kept: of an answer that closes its connection, the connection no longer knows it.
    lines: list[socket.socket] = []
    is_over = threading.Event()
    end = threading.Timer(seconds, _cut, [lines, is_over])
    end.daemon = True
    end.start()
    try:
        connection.connect()
        lines.append(connection.sock)
        connection.request("POST", f"{parts.path}/add-checkpoint", body)
        answer = connection.getresponse()
        content = answer.read(_LARGEST_ANSWER)
        if answer.length or is_over.is_set():  # something of it did not come, or not in time
            raise http.client.IncompleteRead(content)
        kind_ = (answer.headers["Content-Type"] or "").partition(";")[0]
        return Reply(status=answer.status, kind=kind_, text=content.decode())
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise UnreachableError(type(error).__name__) from error
    finally:
        end.cancel()
        connection.close()


def _cut(lines: list[socket.socket], is_over: threading.Event) -> None:
    is_over.set()
    for line in lines:
        with suppress(OSError):  # it ended just now
            line.shutdown(socket.SHUT_RDWR)
