"""Small, explicit builders. Each makes one valid thing; a test states only what it is about."""

import secrets
from datetime import UTC, datetime
from typing import Any

from accounts import operations as accounts
from accounts.models import DataSubject, Recipient, Role, ServiceClient, User
from consent.models import (
    DataCategory,
    DataItem,
    NoticeVersion,
    Organisation,
    Processing,
    Purpose,
    PurposeCategory,
    Source,
)
from consent.operations.access import Asker
from consent.vocabulary import LegalBasis

# Half an hour into daylight saving time in Amsterdam.
NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
PASSWORD = "fiets lantaarn regenjas"


def make_user(email: str = "anna@voorbeeld.example", *, role: Role = Role.CUSTOMER) -> User:
    return accounts.create_user(email=email, password=PASSWORD, role=role, at=NOW)


def make_subject(
    reference: str = "VW-0000001", *, name: str = "mevrouw A. Jansen", user: User | None = None
) -> DataSubject:
    return accounts.register_data_subject(reference=reference, name=name, user=user, at=NOW)


def make_organisation() -> Organisation:
    return Organisation.objects.create(
        slug="vechtwater",
        texts=in_both(name="Vechtwater", privacy_intro="Zo gaan wij met uw gegevens om."),
        contact={
            "phone": "0800 1234",
            "email": "klantenservice@vechtwater.example",
            "hours": {"nl": "ma-vr 8.00-18.00", "en": "Mon-Fri 8:00-18:00"},
            "address": "Waterkade 1, Utrecht",
            "privacy_officer_email": "fg@vechtwater.example",
            "website": "https://vechtwater.example",
        },
        catalogue_digest=secrets.token_hex(32),
        catalogue_loaded_at=NOW,
    )


def make_category(
    slug: str = "usage", *, position: int = 1, is_choice: bool = True
) -> DataCategory:
    return DataCategory.objects.create(
        slug=slug,
        position=position,
        icon="drop",
        is_choice=is_choice,
        texts=in_both(name=f"Soort {slug}", description=f"Alles over {slug}"),
    )


def make_item(category: DataCategory, slug: str, *, is_masked: bool = False) -> DataItem:
    source, _ = Source.objects.get_or_create(
        slug="self", defaults={"texts": in_both(name="van uzelf")}
    )
    return DataItem.objects.create(
        category=category,
        slug=slug,
        position=1,
        sensitivity="ordinary",
        is_masked=is_masked,
        source=source,
        retention_months=24,
        texts=in_both(name=f"Gegeven {slug}", retention="Twee jaar"),
    )


def make_recipient(slug: str = "storingsdienst") -> Recipient:
    return accounts.put_recipient(
        slug=slug,
        kind=Recipient.Kind.TEAM,
        texts=in_both(name=f"Team {slug}", role="Zoekt lekken"),
        contact="storing@vechtwater.example",
        country="NL",
        is_automated=False,
    )


def make_client(recipient: Recipient, *, purposes: list[str] | None = None) -> ServiceClient:
    return accounts.put_client(
        client_id="lekdetectie",
        recipient=recipient,
        scopes=["consent:check"],
        purposes=["lekwaarschuwing"] if purposes is None else purposes,
        at=NOW,
    )


def make_purpose(
    slug: str = "lekwaarschuwing",
    *,
    categories: dict[DataCategory, bool],
    recipient: Recipient,
    legal_basis: LegalBasis = LegalBasis.CONSENT,
    position: int = 1,
) -> Purpose:
    """Make a purpose with notice version 1; `categories` maps each category to 'is required'."""
    by_consent = legal_basis is LegalBasis.CONSENT
    purpose = Purpose.objects.create(
        slug=slug,
        position=position,
        icon="drop",
        legal_basis=legal_basis,
        validity_months=24 if by_consent else None,
    )
    for place, (category, is_required) in enumerate(categories.items()):
        PurposeCategory.objects.create(
            purpose=purpose, category=category, is_required=is_required, position=place
        )
        Processing.objects.create(recipient=recipient, purpose=purpose, category=category)
    make_notice(purpose, number=1, categories=[category.slug for category in categories])
    return purpose


def make_notice(purpose: Purpose, *, number: int, categories: list[str]) -> NoticeVersion:
    words: dict[str, Any] = {
        field: f"{field} van {purpose.slug} {number}"
        for field in (
            "title", "question", "benefit", "which_data", "not_data", "retention", "recipients",
            "not_done", "duration", "basis", "automated", "reason", "right",
        )
    }  # fmt: skip
    words["yes_points"] = ["Wij letten op.", "U krijgt bericht.", "Een mens kijkt mee."]
    words["no_points"] = ["U krijgt niets.", "Verder blijft alles.", "U kunt zelf kijken."]
    words["categories"] = {
        slug: {"question": f"Mogen wij {slug} gebruiken?", "hint": f"Hint over {slug}."}
        for slug in categories
    }
    return NoticeVersion.objects.create(
        purpose=purpose,
        number=number,
        texts={"nl": words, "en": words},
        digest=f"{number:064x}",
        published_at=NOW,
    )


def asker_of(client: ServiceClient) -> Asker:
    return Asker(
        client_id=client.client_id,
        recipient=client.recipient.slug,
        recipient_id=client.recipient_id,
        purposes=frozenset(client.purposes),
    )


def in_both(**texts: Any) -> dict[str, dict[str, Any]]:
    return {"nl": texts, "en": texts}
