"""Two processes around one service: `ask` holds a token and asks, `change` is the administrator at another machine.

Each reads what to do line by line, and answers with a line of JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts import operations, tokens  # noqa: E402
from accounts.models import ClientKey, Role, ServiceClient, User  # noqa: E402
from consent.catalogue import read_catalogue  # noqa: E402
from consent.demo.content import CATALOGUE  # noqa: E402
from consent.demo.people import load_services  # noqa: E402
from consent.operations import purpose_requests, services  # noqa: E402
from consent.operations.catalogue import load_catalogue  # noqa: E402
from tests.processes.databases import A_BUSY_MACHINE  # noqa: E402

CLIENT, PURPOSE, SCOPES = "lekdetectie", "lekwaarschuwing", ["consent:check"]
TOKENS: list[str] = []


def prepare() -> None:
    at = timezone.now()
    load_catalogue(catalogue=read_catalogue(CATALOGUE), at=at)
    load_services(at=at)
    operations.create_user(
        email="dirk@vechtwater.example", password="fiets lantaarn regenjas", role=Role.ADMIN, at=at
    )
    operations.issue_client_key(
        client=ServiceClient.objects.get(client_id=CLIENT),
        kid="k1",
        not_before=at - timedelta(days=1),
        not_after=at + timedelta(days=9),
    )


def outcome(token: str) -> str:
    """Ask, and return the reason of the answer, or the status where there is none."""
    client = Client(headers={"Authorization": f"Bearer {token}"}, SERVER_NAME="127.0.0.1")
    answer = client.post(
        "/access/v1/evaluation",
        {
            "subject": {"type": "service", "id": CLIENT},
            "action": {"name": PURPOSE},
            "resource": {
                "type": "data_subject",
                "id": "VW-1",
                "properties": {"dataCategory": "usage"},
            },
        },
        content_type="application/json",
    )
    known = answer.status_code == 200
    return str(answer.json()["context"]["reason"] if known else answer.status_code)


def until(token: str, is_it: Callable[[str], bool]) -> dict[str, object]:
    """Ask until the answer is such; return it, and when the last question was put that got another."""
    begun = last = time.time()
    while time.time() < begun + A_BUSY_MACHINE:
        asked_at = time.time()
        found = outcome(token)
        if is_it(found):
            return {"outcome": found, "last": last}
        last = asked_at
    return {"outcome": "nothing changed"}


def ask(line: str) -> dict[str, object]:
    """`token`: take a new token, and ask until it gets an answer. Anything else: ask until the answer is another."""
    if line == "token":
        TOKENS.append(tokens.issue(client_id=CLIENT, scopes=SCOPES, at=timezone.now()))
        return until(TOKENS[-1], lambda found: found == "consent-missing")
    return until(TOKENS[-1], lambda found: found != line)


def change(line: str) -> dict[str, object]:
    """Take something away, or give it back; tell when it was committed."""
    at, admin = timezone.now(), User.objects.get(role=Role.ADMIN)
    client = ServiceClient.objects.select_related("recipient").get(client_id=CLIENT)
    key = ClientKey.objects.get(client=client)
    acts: dict[str, Callable[[], None]] = {
        "scope": lambda: services.change_scopes(admin=admin, client=client, scopes=[], at=at),
        "purpose": lambda: purpose_requests.remove_purpose(
            admin=admin, client=client, purpose=PURPOSE, at=at
        ),
        "off": lambda: services.switch(admin=admin, client=client, is_active=False, at=at),
        "key": lambda: services.end_key(
            admin=admin, client=client, key_id=key.pk, after=timedelta(), at=at
        ),
        "back": lambda: give_back(client),
    }
    acts[line]()
    return {"at": time.time()}


def give_back(client: ServiceClient) -> None:
    ServiceClient.objects.filter(pk=client.pk).update(
        scopes=SCOPES, purposes=[PURPOSE], is_active=True, tokens_count_from=None
    )


def main(role: str) -> None:
    if role == "prepare":
        prepare()
        return
    answer = ask if role == "ask" else change
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(line.strip())) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
