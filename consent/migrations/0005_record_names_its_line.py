"""Let each consent record name the line of the log that tells of it, also those that are there already.

The k-th record of a person, purpose, category and answer belongs to the k-th such line of the same
second. Where the two differ in number (a payload was erased) nobody can tell which it is: it stays None.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q

from audit.triggers import install, lift
from consent.triggers import wanted, wanted_at_first

_KIND = "consent.record."


def lift_at_first(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    lift(schema_editor.connection, wanted_at_first)


def install_at_first(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    install(schema_editor.connection, wanted_at_first)


def guard(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    install(schema_editor.connection, wanted)


def leave(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    lift(schema_editor.connection, wanted)


def name_lines(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    records = apps.get_model("consent", "ConsentRecord").objects
    entries = apps.get_model("audit", "LogEntry").objects
    for subject_id in (
        records.values_list("subject_id", flat=True).distinct().order_by("subject_id")
    ):
        _name_lines_of(subject_id, records=records, entries=entries)


def _name_lines_of(subject_id: UUID, *, records: Any, entries: Any) -> None:
    choices = (
        records.filter(subject_id=subject_id)
        .order_by("id")
        .values_list("id", "status", "purpose__slug", "category__slug", "recorded_at")
    )
    lines = (
        entries.filter(kind__startswith=_KIND, payload__subject_key__owner_id=subject_id)
        .order_by("id")
        .values_list("uid", "kind", "payload__purpose", "payload__data_category", "at")
    )
    chosen = _grouped((id_, (_KIND + status, *rest)) for id_, status, *rest in choices)
    told = _grouped((uid, tuple(rest)) for uid, *rest in lines)
    for what, ids in chosen.items():
        uids = told.get(what, [])
        if len(uids) == len(ids):
            for id_, uid in zip(ids, uids, strict=True):
                records.filter(id=id_).update(entry_uid=uid)


def _grouped(rows: Iterable[tuple[Any, tuple[Any, ...]]]) -> Mapping[tuple[Any, ...], list[Any]]:
    found = defaultdict(list)
    for name, (*what, at) in rows:
        found[*what, at.replace(microsecond=0)].append(name)  # a line tells whole seconds
    return found


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0004_key_destruction_is_an_event"),
        ("consent", "0003_current_consent_says_what_a_record_can"),
    ]
    operations = [
        migrations.RunPython(lift_at_first, install_at_first),
        migrations.AddField(
            model_name="consentrecord",
            name="entry_uid",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.RunPython(name_lines, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="consentrecord",
            constraint=models.UniqueConstraint(
                condition=Q(entry_uid__isnull=False),
                fields=["entry_uid"],
                name="one_consent_record_per_line_of_the_log",
            ),
        ),
        migrations.RunPython(guard, leave),
    ]
