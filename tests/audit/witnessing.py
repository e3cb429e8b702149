"""A log to witness, and a witness that answers over HTTP on this machine."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import checkpoint, cosignature, merkle
from audit.checkpoint import Head, Verifier
from audit.witness import memory, rules, service
from audit.witness.rules import Question
from tests.audit.test_merkle import Tree

ORIGIN = "log.example/2026"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
VKEY = checkpoint.verifier_of(key=KEY, origin=ORIGIN).to_vkey()
NAME = "witness.example/w1"
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
WITNESS = cosignature.verifier_of(key=WITNESS_KEY, name=NAME)
AT = datetime(2026, 11, 24, 9, 30, 15, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    kind: str
    text: str


def head(size: int, *, forged: bool = False, origin: str = ORIGIN) -> Head:
    """Return the head of the log of this size; forged: of another history with as many entries."""
    root = merkle.leaf_hash(str(size).encode()) if forged else Tree(size).root()
    return Head(origin=origin, size=size, root=root)


def question(
    old: int, size: int, *, forged: bool = False, origin: str = ORIGIN, own: bool = True
) -> bytes:
    """Return a request to sign this size, with the proof that it continues the old one."""
    tree = Tree(size)
    proof = merkle.consistency_proof(first=old, size=size, node=tree.node) if old else []
    note = checkpoint.sign(
        head=head(size, forged=forged, origin=origin), key=KEY if own else OTHER_KEY
    )
    return Question(old=old, proof=tuple(proof), note=note).to_bytes()


def post(port: int, body: bytes, *, path: str = "/add-checkpoint", method: str = "POST") -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        kind = answer.headers["Content-Type"]
        return Reply(status=answer.status, kind=kind, text=answer.read().decode())
    finally:
        connection.close()


@contextmanager
def serving(
    folder: Path,
    *,
    vkeys: list[str] | None = None,
    name: str = NAME,
    key: Ed25519PrivateKey = WITNESS_KEY,
) -> Iterator[int]:
    """Let a witness answer in a thread of its own; yield its port."""
    memory.begin(folder)
    witness = service.Witness(
        name=name,
        key=key,
        folder=folder,
        logs=rules.known_logs(vkeys or [VKEY]),
        clock=lambda: AT,
        tell=lambda _: None,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    web = service.web_of(witness, listener)
    thread = threading.Thread(target=web.run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        web.task_dispatcher.shutdown()
        web.trigger.pull_trigger(lambda: web.asyncore.close_all(web._map))
        thread.join()


def signers(reply: Reply, of: Head, *, witness: Verifier = WITNESS) -> list[str]:
    """Return who signed, once each signature was seen to be right."""
    found = cosignature.cosignatures(
        head=of, signatures=checkpoint.parse_signatures(reply.text), witnesses=[witness]
    )
    return [one.witness.name for one in found]
