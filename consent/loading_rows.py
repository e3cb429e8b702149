"""Write the rows of the register that differ from a catalogue. `loading.py` decides, logs and is one transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db import models

from accounts.models import Recipient
from accounts.operations import put_recipient
from consent.catalogue import Catalogue, PurposeEntry, RecipientEntry
from consent.models import (
    DataCategory,
    DataItem,
    NoticeVersion,
    Processing,
    Purpose,
    PurposeCategory,
    Source,
)

Row = TypeVar("Row", bound=models.Model)


def put_sources(catalogue: Catalogue) -> list[str]:
    return [
        f"source {entry.slug}"
        for entry in catalogue.sources
        if put(Source.objects.all(), entry.slug, {"texts": entry.texts})[1]
    ]


def put_recipients(catalogue: Catalogue) -> list[str]:
    stored = {recipient.slug: recipient for recipient in Recipient.objects.all()}
    changed = []
    for entry in catalogue.recipients:
        if _differs(stored.get(entry.slug), entry):
            put_recipient(
                slug=entry.slug,
                kind=Recipient.Kind(entry.kind),
                texts=entry.texts,
                contact=entry.contact,
                country=entry.country,
                is_automated=entry.is_automated,
            )
            changed.append(f"recipient {entry.slug}")
    return changed


def _differs(stored: Recipient | None, entry: RecipientEntry) -> bool:
    return stored is None or any(
        getattr(stored, name) != getattr(entry, name)
        for name in ("kind", "texts", "contact", "country", "is_automated")
    )


def put_categories(catalogue: Catalogue) -> list[str]:
    sources = dict(Source.objects.values_list("slug", "id"))
    changed = []
    for place, entry in enumerate(catalogue.categories, start=1):
        category, is_changed = put(
            DataCategory.objects.all(),
            entry.slug,
            {
                "position": place,
                "icon": entry.icon,
                "is_choice": entry.is_choice,
                "texts": entry.texts,
            },
        )
        if is_changed:
            changed.append(f"category {entry.slug}")
        for number, item in enumerate(entry.items, start=1):
            facts = {
                "category_id": category.id,
                "position": number,
                "sensitivity": item.sensitivity,
                "is_masked": item.is_masked,
                "source_id": sources[item.source],
                "retention_months": item.retention_months,
                "texts": item.texts,
            }
            if put(DataItem.objects.all(), item.slug, facts)[1]:
                changed.append(f"item {item.slug}")
    return changed


def put_asked(purpose: Purpose, entry: PurposeEntry) -> bool:
    ids = dict(DataCategory.objects.values_list("slug", "id"))
    wanted = {
        ids[line.category]: (line.is_required, place)
        for place, line in enumerate(entry.categories, start=1)
    }
    stored = {
        line.category_id: (line.is_required, line.position) for line in purpose.categories.all()
    }
    purpose.categories.exclude(category_id__in=wanted).delete()
    for category_id, (is_required, place) in wanted.items():
        if stored.get(category_id) != (is_required, place):
            PurposeCategory.objects.update_or_create(
                purpose=purpose,
                category_id=category_id,
                defaults={"is_required": is_required, "position": place},
            )
    return stored != wanted


def put_processings(purpose: Purpose, entry: PurposeEntry) -> bool:
    categories = dict(DataCategory.objects.values_list("slug", "id"))
    recipients = dict(Recipient.objects.values_list("slug", "id"))
    wanted = {
        (recipients[use.recipient], categories[slug])
        for use in entry.uses
        for slug in use.categories
    }
    stored = {(line.recipient_id, line.category_id): line for line in purpose.processings.all()}
    for gone in stored.keys() - wanted:
        stored[gone].delete()
    Processing.objects.bulk_create(
        Processing(purpose=purpose, recipient_id=recipient_id, category_id=category_id)
        for recipient_id, category_id in sorted(wanted - stored.keys())
    )
    return stored.keys() != wanted


def put_notice(purpose: Purpose, entry: PurposeEntry, *, at: datetime) -> tuple[int, bool]:
    """Return the number of the notice version that holds now, and whether it is new."""
    latest = purpose.notice_versions.order_by("-number").first()
    if latest is not None and latest.digest == entry.digest:
        return latest.number, False
    number = latest.number + 1 if latest else 1
    NoticeVersion.objects.create(
        purpose=purpose, number=number, texts=entry.texts, digest=entry.digest, published_at=at
    )
    return number, True


def put(
    rows: models.QuerySet[Row],
    slug: str,
    facts: Mapping[str, Any],
    *,
    on_create: Mapping[str, Any] | None = None,
) -> tuple[Row, bool]:
    """Return the row with this slug holding these facts, and whether anything had to be written."""
    row = rows.filter(slug=slug).first()
    if row is None:
        return rows.create(slug=slug, **facts, **(on_create or {})), True
    differing = [name for name, value in facts.items() if getattr(row, name) != value]
    for name in differing:
        setattr(row, name, facts[name])
    if differing:
        row.save(update_fields=differing)
    return row, bool(differing)
