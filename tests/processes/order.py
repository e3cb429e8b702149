"""Transactions that overlap, in orders that chance never gives. Prints what became of them as one line of JSON."""

import json
import os
import queue
import random
import sys
import threading
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402

from audit import keyring, operations  # noqa: E402
from audit.models import Leaf  # noqa: E402
from tests.audit.builders import NOW, an_event  # noqa: E402

WRITERS = 4


class Writer:
    """A thread with a connection of its own: does one thing at a time, when told."""

    def __init__(self) -> None:
        self._asked: queue.Queue[Callable[[], Any] | None] = queue.Queue()
        self._answers: queue.Queue[Any] = queue.Queue()
        self._open: Any = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def begin(self) -> int:
        """Begin a transaction and append in it; return the id of the entry."""
        return int(self._do(self._begin))

    def commit(self) -> None:
        self._do(lambda: self._open.__exit__(None, None, None))

    def leave(self) -> None:
        self._asked.put(None)
        self._thread.join()

    def _begin(self) -> int:
        self._open = transaction.atomic()
        self._open.__enter__()
        return operations.append(an_event(subject_id=None)).pk

    def _do(self, work: Callable[[], Any]) -> Any:
        self._asked.put(work)
        answer = self._answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _run(self) -> None:
        while work := self._asked.get():
            try:
                self._answers.put(work())
            except Exception as error:  # noqa: BLE001  # raised again where it was asked for
                self._answers.put(error)
        connection.close()


def places() -> dict[int, int]:
    return dict(Leaf.objects.values_list("entry_id", "index"))


def number_all() -> None:
    while operations.integrate(at=NOW):
        pass


def late(writers: list[Writer]) -> dict[str, bool]:
    """Take an id, let a later one commit and be numbered, and only then commit."""
    slow, fast = writers[:2]
    before = len(places())
    first, second = slow.begin(), fast.begin()
    fast.commit()
    number_all()
    meanwhile = places()
    slow.commit()
    number_all()
    return {
        "idsWentUp": first < second,
        "isNotWaitedFor": first not in meanwhile and meanwhile[second] == before,
        "isNotSkipped": places()[first] == before + 1,
    }


def schedule(writers: list[Writer], *, transactions: int, seed: int) -> dict[str, Any]:
    """Let transactions overlap at random; whichever committed before another began must stand before it."""
    rng = random.Random(seed)
    free = list(writers)
    busy: dict[Writer, int] = {}
    began: dict[int, int] = {}
    committed: dict[int, int] = {}
    moment = 0
    while len(committed) < transactions:
        moment += 1
        turn = rng.random()
        if free and turn < 0.45 and len(began) < transactions:
            writer = free.pop(rng.randrange(len(free)))
            busy[writer] = writer.begin()
            began[busy[writer]] = moment
        elif busy and turn < 0.9:
            writer = rng.choice(list(busy))
            writer.commit()
            committed[busy.pop(writer)] = moment
            free.append(writer)
        elif connection.vendor == "postgresql" or not busy:  # on SQLite a writer is waited for
            operations.integrate(at=NOW, limit=3)
    number_all()
    place = places()
    pairs = [(a, b) for a in began for b in began if committed[a] < began[b]]
    return {
        "pairs": len(pairs),
        "wrong": sum(place[a] > place[b] for a, b in pairs),
        "hasNoGap": sorted(place.values()) == list(range(transactions)),
    }


def main(transactions: int, seed: int) -> dict[str, Any]:
    keyring.month_key(at=NOW)  # or the first to append makes it, and everyone waits for that one
    is_parallel = connection.vendor == "postgresql"
    writers = [Writer() for _ in range(WRITERS if is_parallel else 1)]
    try:
        found = schedule(writers, transactions=transactions, seed=seed)
        found["late"] = late(writers) if is_parallel else None
        return found
    finally:
        for writer in writers:
            writer.leave()


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))  # noqa: T201
