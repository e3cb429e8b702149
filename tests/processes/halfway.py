"""Do three things whose last step, the line in the log, fails. Prints what each left behind as one line of JSON."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.apps import apps  # noqa: E402
from django.db import DatabaseError, connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import ServiceClient  # noqa: E402
from accounts.operations import register_data_subject  # noqa: E402
from consent.catalogue import read_catalogue  # noqa: E402
from consent.demo.people import load_services  # noqa: E402
from consent.operations import decide_access, record_choices  # noqa: E402
from consent.operations.access import AccessQuestion, Asker  # noqa: E402
from consent.operations.catalogue import load_catalogue  # noqa: E402

CATALOGUE = read_catalogue(Path("consent/catalogues/vechtwater.yaml"))
FULL = {
    "sqlite": [
        "CREATE TRIGGER full BEFORE INSERT ON audit_logentry BEGIN SELECT RAISE(ABORT, 'full'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION full_() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full'; END $$",
        "CREATE TRIGGER full_ BEFORE INSERT ON audit_logentry FOR EACH ROW EXECUTE FUNCTION full_()",
    ],
}
ROOM = {"sqlite": "DROP TRIGGER full", "postgresql": "DROP TRIGGER full_ ON audit_logentry"}


@contextmanager
def a_log_that_is_full() -> Iterator[None]:
    with connection.cursor() as cursor:
        for statement in FULL[connection.vendor]:
            cursor.execute(statement)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(ROOM[connection.vendor])
            if connection.vendor == "postgresql":
                cursor.execute("DROP FUNCTION full_()")


def rows() -> dict[str, int]:
    """Count the rows of every table, but for keys: one that nothing was sealed with does no harm."""
    return {
        model._meta.label: model._default_manager.count()
        for app in ("accounts", "audit", "consent")
        for model in apps.get_app_config(app).get_models()
        if model._meta.label != "audit.Key"
    }


def left_behind(act: Callable[[], object]) -> dict[str, object]:
    before = rows()
    failed = False
    with a_log_that_is_full():
        try:
            act()
        except DatabaseError:
            failed = True
    after = rows()
    changed = {name: count for name, count in after.items() if count != before[name]}
    return {"failed": failed, "changed": changed}


def load() -> None:
    load_catalogue(catalogue=CATALOGUE, at=timezone.now())


def main() -> dict[str, object]:
    loading = left_behind(load)
    load()
    load_services(at=timezone.now())
    subject = register_data_subject(
        reference="VW-1", name="mevrouw A. Jansen", user=None, at=timezone.now()
    )
    client = ServiceClient.objects.select_related("recipient").get(client_id="lekdetectie")
    choosing = left_behind(
        lambda: record_choices(
            subject=subject,
            purpose="lekwaarschuwing",
            choices={"usage": True, "household": True},
            notice_number=1,
            language="nl",
            at=timezone.now(),
        )
    )
    asking = left_behind(
        lambda: decide_access(
            question=AccessQuestion(
                subject_type="service",
                subject_id=client.client_id,
                purpose="lekwaarschuwing",
                resource_type="data_subject",
                reference="VW-1",
                data_category="usage",
            ),
            asker=Asker(
                client_id=client.client_id,
                recipient=client.recipient.slug,
                recipient_id=client.recipient_id,
                purposes=frozenset(client.purposes),
            ),
            at=timezone.now(),
        )
    )
    return {"loading": loading, "choosing": choosing, "asking": asking}


if __name__ == "__main__":
    print(json.dumps(main()))  # noqa: T201
