"""Write the rows of the register that differ from a catalogue. `loading.py` decides, logs and is one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """The ids of rows by their slugs."""

    categories: Mapping[str, int]
    recipients: Mapping[str, int]


def stored_ids() -> Ids:
    return Ids(
        categories=dict(DataCategory.objects.values_list("slug", "id")),
        recipients=dict(Recipient.objects.values_list("slug", "id")),
    )


def put_sources(catalogue: Catalogue) -> list[str]:
    stored = Source.objects.in_bulk(field_name="slug")
    return [
        f"source {entry.slug}"
        for entry in catalogue.sources
        if put(Source, stored.get(entry.slug), slug=entry.slug, texts=entry.texts)[1]
    ]


def put_recipients(catalogue: Catalogue) -> list[str]:
    stored = Recipient.objects.in_bulk(field_name="slug")
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
    """Write the categories and their items; return which changed."""
    stored = DataCategory.objects.in_bulk(field_name="slug")
    items = DataItem.objects.in_bulk(field_name="slug")
    sources = dict(Source.objects.values_list("slug", "id"))
    changed = []
    for place, entry in enumerate(catalogue.categories, start=1):
        category, is_changed = put(
            DataCategory,
            stored.get(entry.slug),
            slug=entry.slug,
            position=place,
            icon=entry.icon,
            is_choice=entry.is_choice,
            texts=entry.texts,
        )
        if is_changed:
            changed.append(f"category {entry.slug}")
        for number, item in enumerate(entry.items, start=1):
            _, is_changed = put(
                DataItem,
                items.get(item.slug),
                slug=item.slug,
                category_id=category.id,
                position=number,
                sensitivity=item.sensitivity,
                is_masked=item.is_masked,
                source_id=sources[item.source],
                retention_months=item.retention_months,
                texts=item.texts,
            )
            if is_changed:
                changed.append(f"item {item.slug}")
    return changed


def put_asked(purpose: Purpose, entry: PurposeEntry, ids: Ids) -> bool:
    """Write which categories the purpose uses; return whether that changed."""
    wanted = {
        ids.categories[line.category]: (line.is_required, place)
        for place, line in enumerate(entry.categories, start=1)
    }
    stored = {line.category_id: line for line in purpose.categories.all()}
    if wanted == {
        category_id: (line.is_required, line.position) for category_id, line in stored.items()
    }:
        return False
    for category_id in stored.keys() - wanted:
        stored[category_id].delete()
    for category_id, (is_required, place) in wanted.items():
        PurposeCategory.objects.update_or_create(
            purpose=purpose,
            category_id=category_id,
            defaults={"is_required": is_required, "position": place},
        )
    return True


def put_processings(purpose: Purpose, entry: PurposeEntry, ids: Ids) -> bool:
    """Write who may use what for the purpose; return whether that changed."""
    wanted = {
        (ids.recipients[use.recipient], ids.categories[slug])
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


def put(model: type[Row], stored: Row | None, **facts: Any) -> tuple[Row, bool]:
    """Return the row that holds these facts, and whether anything had to be written."""
    if stored is None:
        row = model(**facts)
        row.save(force_insert=True)
        return row, True
    differing = [name for name, value in facts.items() if getattr(stored, name) != value]
    for name in differing:
        setattr(stored, name, facts[name])
    if differing:
        stored.save(update_fields=differing)
    return stored, bool(differing)
