"""One of several processes that choose and ask at the same time. Prints what it saw as one line of JSON."""

import json
import os
import random
import sys
import traceback
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from accounts.models import DataSubject, ServiceClient  # noqa: E402
from accounts.queries import subject_by_reference  # noqa: E402
from audit.operations import settle  # noqa: E402
from consent.operations import decide_access, record_choices  # noqa: E402
from consent.operations.access import AccessQuestion, Asker  # noqa: E402

PURPOSE, CATEGORY, HALF = "lekwaarschuwing", "usage", 0.5


def ask(reference: str, asker: Asker) -> bool:
    question = AccessQuestion(
        subject_type="service",
        subject_id=asker.client_id,
        purpose=PURPOSE,
        resource_type="data_subject",
        reference=reference,
        data_category=CATEGORY,
    )
    return decide_access(question=question, asker=asker, at=timezone.now()).decision.permitted


def choose(subject: DataSubject, *, is_yes: bool, notice: int) -> None:
    record_choices(
        subject=subject,
        purpose=PURPOSE,
        choices={CATEGORY: is_yes, "household": is_yes},
        notice_number=notice,
        language="nl",
        at=timezone.now(),
    )


def main(number: int, rounds: int, notice: int, references: list[str]) -> dict[str, Any]:
    """Choose for a person of its own and check the answers at once, choose for one whom all share, and ask about all.

    The first of `references` is the shared one: everyone changes that mind at the same moment.
    """
    client = ServiceClient.objects.select_related("recipient").get(client_id="lekdetectie")
    asker = Asker(
        client_id=client.client_id,
        recipient=client.recipient.slug,
        recipient_id=client.recipient_id,
        purposes=frozenset(client.purposes),
    )
    rng = random.Random(number)
    shared, own = (
        subject_by_reference(reference) for reference in (references[0], references[1 + number])
    )
    assert shared is not None
    assert own is not None
    seen: dict[str, Any] = {"choices": 0, "asked": 0, "wrong": 0, "errors": []}
    for turn in range(rounds):
        try:
            choose(own, is_yes=turn % 2 == 0, notice=notice)
            choose(shared, is_yes=rng.random() < HALF, notice=notice)
            seen["choices"] += 2
            seen["wrong"] += ask(references[1 + number], asker) != (turn % 2 == 0)
            ask(rng.choice(references), asker)
            seen["asked"] += 2
            if turn % 5 == 0:
                settle(at=timezone.now())
        except Exception:  # noqa: BLE001  the parent fails the test with every traceback
            seen["errors"].append(traceback.format_exc()[-1500:])
    return seen


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])))  # noqa: T201
