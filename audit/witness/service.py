"""The witness as a web service: `POST /add-checkpoint`, and nothing else."""

import signal
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import waitress
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import cosignature
from audit.witness import memory, rules
from audit.witness.rules import Logs, RefusedError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

THREADS = 4
MOST_CONNECTIONS = 50
SECONDS_TO_STOP = 5
# The application answers a request that is too large with a sentence; the server only stops what is absurd.
LARGEST_BODY = 1024 * 1024
STOPPING = (signal.SIGINT, signal.SIGTERM)
_PATH = "/add-checkpoint"


class CannotListenError(Exception):
    """The address is in use, or not of this machine; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Who signs, of which logs, and where is remembered what. `clock` tells when it is."""

    name: str
    key: Ed25519PrivateKey
    folder: Path
    logs: Logs
    clock: Callable[[], datetime]
    tell: Callable[[str], object]

    def __call__(
        self, environment: "WSGIEnvironment", start: "StartResponse", /
    ) -> Iterable[bytes]:
        try:
            status, kind, body = HTTPStatus.OK, rules.TEXT, self._asked(environment)
        except RefusedError as refusal:
            status, kind, body = refusal.status, refusal.kind, refusal.body
        except (OSError, memory.MemoryLostError) as error:
            self.tell(f"Nothing was signed: {error}\n")
            status, kind = HTTPStatus.INTERNAL_SERVER_ERROR, rules.TEXT
            body = "The witness cannot remember, so it signs nothing.\n"
        content = body.encode()
        headers = [("Content-Type", kind), ("Content-Length", str(len(content)))]
        start(f"{status.value} {status.phrase}", headers)
        return [content]

    def _asked(self, environment: "WSGIEnvironment") -> str:
        if environment["PATH_INFO"] != _PATH:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"A witness answers at {_PATH}.")
        if environment["REQUEST_METHOD"] != "POST":
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "Use POST.")
        return self.cosigned(environment["wsgi.input"].read(rules.LARGEST_REQUEST + 1))

    def cosigned(self, body: bytes) -> str:
        """Return the line by which the witness signs, once what it signed is remembered.

        Raises:
            RefusedError: it does not sign this.
            MemoryLostError: it does not know what it signed before.
            OSError: it cannot remember.
        """
        question = rules.parse(body)
        head = rules.head_of(question, logs=self.logs)
        with memory.opened(self.folder) as remembered:
            rules.require_growth(question, head=head, seen=remembered.of(head.origin))
            remembered.keep(head)
            # Still inside: the time says that nothing newer was signed until then.
            return cosignature.cosign(head=head, key=self.key, name=self.name, at=self.clock())


def serve(witness: Witness, *, host: str, port: int, ready: Callable[[int], None]) -> None:
    """Serve until SIGINT or SIGTERM; call `ready` with the port as soon as requests are answered.

    Raises:
        CannotListenError: the address cannot be had.
    """
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        why = str(error.strerror).partition(" (")[0]
        raise CannotListenError(
            f"The witness cannot listen on {host}:{port} ({why}). Stop what uses it, or name another address "
            "with --listen."
        ) from error
    # Blocked in every thread that follows, and waited for at the end.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    web = web_of(witness, listener)
    threading.Thread(target=web.run, daemon=True).start()
    ready(listener.getsockname()[1])
    signal.sigwait(STOPPING)
    web.task_dispatcher.shutdown(timeout=SECONDS_TO_STOP)


def web_of(witness: Witness, listener: socket.socket) -> waitress.server.TcpWSGIServer:
    return waitress.create_server(
        witness,
        sockets=[listener],
        threads=THREADS,
        connection_limit=MOST_CONNECTIONS,
        channel_timeout=10,
        max_request_body_size=LARGEST_BODY,
        clear_untrusted_proxy_headers=True,
        ident=None,
    )
