"""Every address for one visitor, each as if it were the first."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.test import Client


@contextmanager
def taken_back(client: Client) -> Iterator[None]:
    """Undo what was done in the database and in the browser: making a visitor anew for each address takes minutes."""
    cookies = copy.deepcopy(client.cookies)
    around = transaction.atomic()
    around.__dict__["_from_testcase"] = (
        True  # as the one around a test, in which others may be durable
    )
    with around:
        yield
        transaction.set_rollback(True)
    client.cookies = cookies
