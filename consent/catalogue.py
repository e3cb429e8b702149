"""A catalogue: the register of one organisation and its texts, as frozen values.

Pure: no Django, no clock, no settings. `consent/operations/catalogue.py` puts it into the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from audit.canonical import canonical
from consent.catalogue_file import CatalogueError, Fault, parse_yaml, schema_faults
from consent.catalogue_rules import rule_faults
from consent.vocabulary import LegalBasis

Texts = Mapping[str, Mapping[str, Any]]  # by language


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationEntry:
    slug: str
    contact: Mapping[str, Any]
    texts: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    slug: str
    texts: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientEntry:
    slug: str
    kind: str
    contact: str
    country: str
    is_automated: bool
    texts: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemEntry:
    slug: str
    sensitivity: str
    is_masked: bool
    source: str
    retention_months: int
    texts: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryEntry:
    slug: str
    icon: str
    is_choice: bool
    texts: Texts
    items: tuple[ItemEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedEntry:
    category: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UseEntry:
    """Who can see which categories of the purpose."""

    recipient: str
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeEntry:
    slug: str
    icon: str
    legal_basis: LegalBasis
    validity_months: int | None
    categories: tuple[AskedEntry, ...]
    uses: tuple[UseEntry, ...]
    texts: Texts
    digest: str  # SHA-256 of all that a person agrees to: see `_agreed`


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    file: str
    organisation: OrganisationEntry
    sources: tuple[SourceEntry, ...]
    recipients: tuple[RecipientEntry, ...]
    categories: tuple[CategoryEntry, ...]
    purposes: tuple[PurposeEntry, ...]
    digest: str  # SHA-256 of the canonical JSON of the whole file


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue file.

    Raises:
        CatalogueError: the file cannot be read, or something in it is wrong; holds every fault.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = f"The file cannot be read ({error.strerror}). Check the name and the rights."
        raise CatalogueError((Fault(file=path.name, path="", reason=reason),)) from error
    except UnicodeDecodeError as error:
        reason = "The file is not UTF-8 text. Save it as UTF-8."
        raise CatalogueError((Fault(file=path.name, path="", reason=reason),)) from error
    return parse_catalogue(text, file=path.name)


def parse_catalogue(text: str, *, file: str) -> Catalogue:
    """Check a catalogue and return it. `file` is its name in faults.

    Raises:
        CatalogueError: something is wrong; holds every fault, in the order of the file.
    """
    source = parse_yaml(text, file=file)
    faults = [*schema_faults(source), *rule_faults(source)]
    if faults:
        raise CatalogueError(tuple(sorted(faults, key=lambda fault: fault.line or 0)))
    return _catalogue(source.content, file=file)


def digest_of(value: Any) -> str:
    return sha256(canonical(value)).hexdigest()


def _catalogue(content: dict[str, Any], *, file: str) -> Catalogue:
    return Catalogue(
        file=file,
        organisation=OrganisationEntry(**content["organisation"]),
        sources=tuple(SourceEntry(**source) for source in content["sources"]),
        recipients=tuple(_recipient(recipient) for recipient in content["recipients"]),
        categories=tuple(_category(category) for category in content["categories"]),
        purposes=tuple(_purpose(purpose, content) for purpose in content["purposes"]),
        digest=digest_of({name: part for name, part in content.items() if name != "$schema"}),
    )


def _recipient(recipient: dict[str, Any]) -> RecipientEntry:
    # `never_sells` has one possible value: the schema keeps the promise, nothing needs to be stored.
    return RecipientEntry(
        **{name: value for name, value in recipient.items() if name != "never_sells"}
    )


def _category(category: dict[str, Any]) -> CategoryEntry:
    return CategoryEntry(
        **{
            **category,
            "items": tuple(ItemEntry(**{"is_masked": False, **item}) for item in category["items"]),
        }
    )


def _purpose(purpose: dict[str, Any], content: dict[str, Any]) -> PurposeEntry:
    asked = tuple(AskedEntry(**line) for line in purpose["categories"])
    uses = tuple(_use(use, asked) for use in purpose["recipients"])
    return PurposeEntry(
        slug=purpose["slug"],
        icon=purpose["icon"],
        legal_basis=LegalBasis(purpose["legal_basis"]),
        validity_months=purpose.get("validity_months"),
        categories=asked,
        uses=uses,
        texts=purpose["texts"],
        digest=digest_of(_agreed(purpose, asked=asked, uses=uses, content=content)),
    )


def _use(use: str | dict[str, Any], asked: tuple[AskedEntry, ...]) -> UseEntry:
    if isinstance(use, str):
        return UseEntry(recipient=use, categories=tuple(line.category for line in asked))
    return UseEntry(recipient=use["recipient"], categories=tuple(use["categories"]))


def _agreed(
    purpose: dict[str, Any],
    *,
    asked: tuple[AskedEntry, ...],
    uses: tuple[UseEntry, ...],
    content: dict[str, Any],
) -> dict[str, Any]:
    """Return what a choice is about, so that nobody is bound to something else later.

    Not only the words: a new recipient, another country, an extra data item or a longer retention
    asks again as well (GDPR recital 32). Icons and the order of lists do not.
    """
    items = {
        category["slug"]: {item["slug"]: item["retention_months"] for item in category["items"]}
        for category in content["categories"]
    }
    shown = {
        recipient["slug"]: {
            name: recipient[name] for name in ("kind", "country", "is_automated", "texts")
        }
        for recipient in content["recipients"]
    }
    return {
        "texts": purpose["texts"],
        "legal_basis": purpose["legal_basis"],
        "validity_months": purpose.get("validity_months"),
        "categories": {
            line.category: {"is_required": line.is_required, "items": items[line.category]}
            for line in asked
        },
        "recipients": {
            use.recipient: {**shown[use.recipient], "categories": sorted(use.categories)}
            for use in uses
        },
    }


__all__ = [
    "AskedEntry",
    "Catalogue",
    "CatalogueError",
    "CategoryEntry",
    "Fault",
    "ItemEntry",
    "OrganisationEntry",
    "PurposeEntry",
    "RecipientEntry",
    "SourceEntry",
    "UseEntry",
    "parse_catalogue",
    "read_catalogue",
]
