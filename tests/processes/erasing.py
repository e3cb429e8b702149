"""Steps of an erasure and of a rotation; some in a child that is killed at one point on the way: no handler runs.

Prints what it saw as one line of JSON.
"""

import importlib
import io
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.management.base import SystemCheckError  # noqa: E402
from django.db import IntegrityError, connection, connections, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts import operations as accounts  # noqa: E402
from accounts import throttle  # noqa: E402
from accounts.identity import name_of  # noqa: E402
from accounts.models import DataSubject  # noqa: E402
from accounts.queries import subject_by_reference  # noqa: E402
from audit import erasure_journal, keyfiles, keyring, masterkeys, operations  # noqa: E402
from audit.events import Actor, Event, EventKind  # noqa: E402
from audit.keyfiles import KeyFileError  # noqa: E402
from audit.models import Erasure, Key, LogEntry, LogHead  # noqa: E402
from audit.operations import master_rotation  # noqa: E402
from consent.operations import erasure as consent_erasure  # noqa: E402

ANNA = {
    "reference": "VW-7300123",
    "name": "mevrouw Q. Zonneschijn",
    "email": "zonneschijn@voorbeeld.example",
}
BRAM = {"reference": "VW-7300124", "name": "de heer B. Bakker", "email": "bakker@voorbeeld.example"}
PURPOSE = "zwembadcontrole"


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_after(call: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        call(*args, **kwargs)
        die()

    return called


def killed(points: tuple[str, ...], act: Callable[[str], object]) -> list[str]:
    """Do this in a child for each point; return the points at which the child was not killed."""
    survived = []
    for point in points:
        connections.close_all()
        child = os.fork()
        if not child:
            try:
                act(point)
            finally:
                os._exit(0)  # it should not have come this far
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            survived.append(point)
    return survived


def an_event(subject: DataSubject, purpose: str = "") -> Event:
    return Event(
        kind=EventKind.ACCESS_DECIDED,
        actor=Actor.SERVICE,
        at=timezone.now(),
        subject_id=subject.pk,
        shown={"reason": "consent-given"},
        internal={"client": "lekdetectie"},
        purpose=purpose,
    )


def seed() -> dict[str, Any]:
    """Make two people; what happens with Anna has a purpose that nothing else has."""
    keys = []
    for person in (ANNA, BRAM):
        subject = accounts.add_customer(
            **person, password="fiets lantaarn regenjas", at=timezone.now()
        )
        for _ in range(2):
            with transaction.atomic():
                operations.append(an_event(subject, PURPOSE if person is ANNA else "lekken"))
        assert subject.user is not None
        keys += [bytes(key.wrapped or b"").hex() for key in (subject.key, subject.user.key)]
    operations.settle(at=timezone.now())
    return {"wrapped": keys[:2]}


ERASE_POINTS = ("names are emptied", "before the journal", "after the journal", "before the commit")


def erase_killed() -> dict[str, Any]:
    return {"survived": killed(ERASE_POINTS, erase), "anna": name_of(whole_anna())}


def erase(point: str) -> None:
    subject = whole_anna()
    if point == "names are emptied":
        throttle.forget = die
    elif point == "before the journal":
        erasure_journal.remember = die
    elif point == "after the journal":
        erasure_journal.remember = dying_after(erasure_journal.remember)
    else:
        consent_erasure.append = dying_after(consent_erasure.append)  # type: ignore[attr-defined]
    consent_erasure.erase_subject(subject_id=subject.pk, request="AVG-1", at=timezone.now())


def whole_anna() -> DataSubject:
    """Return Anna as she was before anything began: nothing of her may be missing."""
    subject = subject_by_reference(ANNA["reference"])
    assert subject is not None
    assert name_of(subject) == ANNA["name"]
    assert subject.user is not None
    return subject


ROTATE_POINTS = (
    "after the new file", "after one key", "before the old file goes", "in the middle of its destruction",
)  # fmt: skip


def rotate_killed() -> dict[str, Any]:
    """Be killed at each point of one rotation and finish it, then at the last point of the next one."""
    survived = killed(ROTATE_POINTS, rotate)
    finished = operations.rotate_master_key(at=timezone.now())
    survived += killed(("before the commit",), rotate)
    masterkeys.forget()
    last = operations.rotate_master_key(at=timezone.now())
    return {"survived": survived, "epochs": [finished.epoch, last.epoch]}


def rotate(point: str) -> None:
    master_rotation.BATCH = 1
    if point == "after the new file":
        masterkeys.begin_epoch = dying_after(masterkeys.begin_epoch)
    elif point == "after one key":
        master_rotation._wrap_batch = dying_after(master_rotation._wrap_batch)
    elif point == "before the old file goes":
        masterkeys.end_epoch = die
    elif point == "in the middle of its destruction":
        keyfiles._wipe = die
    else:
        masterkeys.end_epoch = dying_after(masterkeys.end_epoch)
    operations.rotate_master_key(at=timezone.now())


def look() -> dict[str, Any]:
    """Say who can still be read, and what everybody can fetch of the log."""
    public = b"".join(
        Client().get(f"/log/{part}").content
        for part in ("checkpoint", "vkey", *(f"tile/{kind}" for kind in tiles()))
    )
    return {
        "anna": readable(ANNA),
        "bram": readable(BRAM),
        "rotations": LogEntry.objects.filter(kind=EventKind.MASTER_KEY_ROTATED).count(),
        "erasures": sorted(Erasure.objects.values_list("entries", flat=True)),
        "public": public.hex(),
        "secureDelete": secure_delete(),
        "log": said_by("verify_log"),
    }


def drill() -> dict[str, Any]:
    """On a backup from before an erasure: be refused, erase again, be let in."""
    refused = [refusal(check), refusal(serve)]
    replayed = said_by("replay_erasures")
    check()
    serve()
    return {
        "refused": refused,
        "replayed": replayed,
        "anna": readable(ANNA),
        "bram": readable(BRAM),
    }


def check() -> None:
    call_command("check", databases=["default"])


def serve() -> None:
    sys.modules.pop("config.wsgi", None)
    importlib.import_module("config.wsgi")


def refusal(act: Callable[[], None]) -> bool:
    try:
        act()
    except (SystemCheckError, SystemExit) as error:
        return "Run `manage.py replay_erasures`" in str(error)
    return False


def said_by(*command: str) -> str:
    out = io.StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def twice() -> dict[str, Any]:
    """Erase Anna once more, then look."""
    again = said_by("erase_subject", ANNA["reference"], "--request=AVG-1", "--yes")
    return {"again": again, **look()}


def tiles() -> list[str]:
    size = LogHead.objects.get().size
    return [f"{level}/000.p/{size}" for level in ("0", "entries")]


def readable(person: dict[str, str]) -> str:
    try:
        subject = subject_by_reference(person["reference"])
        return name_of(subject) if subject else "nobody"
    except KeyFileError as error:
        return type(error).__name__


def secure_delete() -> int:
    if connection.vendor != "sqlite":
        return 1
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete")
        return int(cursor.fetchone()[0])


def work_on(address: str) -> dict[str, Any]:
    """Use a key before and after another process rotated the master key, and make a new one."""
    subject = whole_anna()
    with transaction.atomic():
        operations.append(an_event(subject))
    Path(address).write_text("ready")
    sys.stdin.readline()  # until the other process is done
    keyring.living_key(owner_id=subject.pk, at=timezone.now())
    with transaction.atomic():
        operations.append(an_event(subject))
    made = accounts.register_data_subject(
        reference="VW-3", name="nieuw", user=None, at=timezone.now()
    )
    return {"name": name_of(subject), "newest": made.key.master_key_id}


def race() -> dict[str, Any]:
    """Erase Bram while something about him is being logged, in both orders, with two connections."""
    subject = subject_by_reference(BRAM["reference"])
    assert subject is not None
    seen = look()
    counted = erase_while_appending(subject)
    with transaction.atomic():  # he came back: a new key
        operations.append(an_event(subject))
    again = keyring.living_key(owner_id=subject.pk, at=timezone.now())
    refused = append_while_erasing(subject, again)
    with transaction.atomic():
        operations.append(an_event(subject))
    newest = keyring.living_key(owner_id=subject.pk, at=timezone.now())
    keys = len({subject.key_id, again.pk, newest.pk})
    log = said_by("verify_log")
    return seen | {"counted": counted, "refused": refused, "keys": keys, "log": log}


def erase_while_appending(subject: DataSubject) -> int | None:
    erasing = threading.Thread(
        target=lambda: operations.destroy_key(key=subject.key, at=timezone.now())
    )
    with transaction.atomic():
        operations.append(an_event(subject), key=subject.key)
        erasing.start()
        wait_until_it_waits(erasing)
    erasing.join()
    return Erasure.objects.get(key=subject.key).entries


def append_while_erasing(subject: DataSubject, key: Key) -> list[str]:
    outcome: list[str] = []

    def append() -> None:
        try:
            with transaction.atomic():
                operations.append(an_event(subject), key=key)
        except IntegrityError as error:
            outcome.append(type(error).__name__)
        finally:
            connection.close()

    appending = threading.Thread(target=append)
    with transaction.atomic():
        operations.destroy_key(key=key, at=timezone.now())
        appending.start()
        wait_until_it_waits(appending)
    appending.join()
    return outcome


def wait_until_it_waits(other: threading.Thread) -> None:
    """Return when the other waits for us, on PostgreSQL; on SQLite whoever came second cannot even begin."""
    while connection.vendor == "postgresql" and other.is_alive():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "seed": seed, "erase": erase_killed, "rotate": rotate_killed, "look": look, "work": work_on,
    "race": race, "drill": drill, "twice": twice,
    "stale": lambda: {"anna": readable(ANNA), "bram": readable(BRAM)},
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))  # noqa: T201
