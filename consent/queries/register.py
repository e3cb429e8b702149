"""The register in memory: small, read by every page, replaced when another catalogue is loaded."""

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from accounts.models import Recipient
from consent.models import (
    DataCategory,
    NoticeVersion,
    Organisation,
    Processing,
    Purpose,
    PurposeCategory,
)
from consent.queries.values import OrganisationView, RecipientLine
from consent.vocabulary import LegalBasis

Texts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemInRegister:
    id: int
    slug: str
    is_masked: bool
    texts: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryInRegister:
    id: int
    slug: str
    icon: str
    is_choice: bool
    texts: Texts
    items: tuple[ItemInRegister, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeInRegister:
    id: int
    number: int
    texts: Texts
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCategory:
    slug: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientInRegister:
    slug: str
    kind: str
    country: str
    is_automated: bool
    texts: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeInRegister:
    id: int
    slug: str
    icon: str
    legal_basis: LegalBasis
    validity_months: int | None
    is_active: bool
    notice: NoticeInRegister
    categories: tuple[AskedCategory, ...]
    uses: frozenset[tuple[str, str]]  # (recipient slug, category slug)

    @property
    def needs_consent(self) -> bool:
        return self.legal_basis is LegalBasis.CONSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    organisation: Texts
    contact: Mapping[str, Any]
    categories: Mapping[str, CategoryInRegister]
    purposes: Mapping[str, PurposeInRegister]
    recipients: Mapping[str, RecipientInRegister]

    def purpose_title(self, slug: str, language: str) -> str:
        purpose = self.purposes.get(slug)
        return said(purpose.notice.texts, language)["title"] if purpose else ""

    def category_title(self, slug: str, language: str) -> str:
        category = self.categories.get(slug)
        return said(category.texts, language)["name"] if category else ""

    def recipient_name(self, slug: str, language: str) -> str:
        recipient = self.recipients.get(slug)
        return said(recipient.texts, language)["name"] if recipient else ""


class NoCatalogueError(Exception):
    """Nothing was loaded yet: run `python3 manage.py load_catalogue FILE` first."""


_lock = threading.Lock()
_held: tuple[tuple[str, datetime], Register] | None = None


def said(texts: Texts, language: str) -> Mapping[str, Any]:
    """Return the texts in `language`, else in Dutch."""
    return texts.get(language) or texts["nl"]


def current_register() -> Register:
    """Return the register as it is loaded now: one query when it did not change.

    Raises:
        NoCatalogueError: no catalogue was ever loaded.
    """
    global _held  # noqa: PLW0603  one register per process, replaced whole
    organisation = Organisation.objects.first()
    if organisation is None:
        raise NoCatalogueError
    stamp = (organisation.catalogue_digest, organisation.catalogue_loaded_at)
    held = _held
    if held is not None and held[0] == stamp:
        return held[1]
    register = _read(organisation)
    with _lock:
        _held = (stamp, register)
    return register


def forget() -> None:
    """Drop the register from memory, so that the next reader reads it anew."""
    global _held  # noqa: PLW0603
    _held = None


def organisation(*, language: str) -> OrganisationView | None:
    """Return who the controller is, or None when no catalogue was loaded."""
    try:
        register = current_register()
    except NoCatalogueError:
        return None
    texts, contact = said(register.organisation, language), register.contact
    return OrganisationView(
        name=texts["name"],
        phone=contact["phone"],
        email=contact["email"],
        hours=contact["hours"].get(language, contact["hours"]["nl"]),
        address=contact["address"],
        privacy_officer_email=contact["privacy_officer_email"],
        privacy_intro=texts["privacy_intro"],
    )


def recipient_lines(
    register: Register, slugs: set[str], language: str
) -> tuple[RecipientLine, ...]:
    """Return these recipients, each once, by name."""
    lines = []
    for slug in slugs:
        recipient = register.recipients[slug]
        texts = said(recipient.texts, language)
        lines.append(
            RecipientLine(
                name=texts["name"],
                role=texts["role"],
                kind=recipient.kind,
                country=recipient.country,
            )
        )
    return tuple(sorted(lines, key=lambda line: line.name.casefold()))


def _read(organisation: Organisation) -> Register:
    return Register(
        organisation=organisation.texts,
        contact=organisation.contact,
        categories={category.slug: category for category in _categories()},
        purposes={purpose.slug: purpose for purpose in _purposes()},
        recipients={
            recipient.slug: RecipientInRegister(
                slug=recipient.slug,
                kind=recipient.kind,
                country=recipient.country,
                is_automated=recipient.is_automated,
                texts=recipient.texts,
            )
            for recipient in Recipient.objects.all()
        },
    )


def _categories() -> list[CategoryInRegister]:
    return [
        CategoryInRegister(
            id=category.id,
            slug=category.slug,
            icon=category.icon,
            is_choice=category.is_choice,
            texts=category.texts,
            items=tuple(
                ItemInRegister(
                    id=item.id, slug=item.slug, is_masked=item.is_masked, texts=item.texts
                )
                for item in sorted(category.items.all(), key=lambda item: item.position)
            ),
        )
        for category in DataCategory.objects.order_by("position").prefetch_related("items")
    ]


def _purposes() -> list[PurposeInRegister]:
    asked: dict[int, list[AskedCategory]] = defaultdict(list)
    for line in PurposeCategory.objects.select_related("category").order_by("position"):
        asked[line.purpose_id].append(
            AskedCategory(slug=line.category.slug, is_required=line.is_required)
        )
    uses: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for purpose_id, recipient, category in Processing.objects.values_list(
        "purpose_id", "recipient__slug", "category__slug"
    ):
        uses[purpose_id].add((recipient, category))
    notices = _latest_notices()
    return [
        PurposeInRegister(
            id=purpose.id,
            slug=purpose.slug,
            icon=purpose.icon,
            legal_basis=LegalBasis(purpose.legal_basis),
            validity_months=purpose.validity_months,
            is_active=purpose.is_active,
            notice=notices[purpose.id],
            categories=tuple(asked[purpose.id]),
            uses=frozenset(uses[purpose.id]),
        )
        for purpose in Purpose.objects.order_by("position", "slug")
        if purpose.id in notices
    ]


def _latest_notices() -> dict[int, NoticeInRegister]:
    newest_first = Window(RowNumber(), partition_by=[F("purpose_id")], order_by=F("number").desc())
    latest = NoticeVersion.objects.annotate(place=newest_first).filter(place=1)
    return {
        notice.purpose_id: NoticeInRegister(
            id=notice.id,
            number=notice.number,
            texts=notice.texts,
            published_at=notice.published_at,
        )
        for notice in latest
    }
