"""Put a catalogue into the database: the register rows, and a new notice version where people read something else."""

import enum
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, models, transaction

from audit.events import Actor, Event, EventKind
from audit.operations import append
from consent.catalogue import Catalogue, CatalogueError, Fault
from consent.models import Organisation, Purpose
from consent.operations.catalogue_rows import (
    put,
    put_asked,
    put_categories,
    put_notice,
    put_processings,
    put_recipients,
    put_sources,
    stored_ids,
)
from consent.vocabulary import LegalBasis

_LOCK = int.from_bytes(b"register")


class Change(enum.StrEnum):
    """What loading did to a purpose; the first of these that holds."""

    ADDED = "added"
    STOPPED = "stopped"
    RESUMED = "resumed"
    NEW_NOTICE = "new-notice"
    UPDATED = "updated"  # an icon or a place in the order: nothing that people choose about
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeChange:
    slug: str
    change: Change
    notice_number: int
    asks_again: bool  # who said yes is asked again, because the notice changed


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What loading changed. `register` names the other rows that changed, as "recipient meetnet"."""

    is_changed: bool
    purposes: tuple[PurposeChange, ...]
    register: tuple[str, ...]


@transaction.atomic
def load_catalogue(*, catalogue: Catalogue, at: datetime) -> LoadReport:
    """Make the register what the catalogue says, and log that it changed. Loading it again changes nothing.

    Nothing that a choice, a held value or the log refers to is ever deleted: a purpose that is no longer in
    the catalogue stops, and its choices stay. Only lines that say who may use what go when they are taken out.

    Raises:
        CatalogueError: this installation serves another organisation, or the catalogue moves a
            purpose from consent to another legal basis; nothing is changed.
    """
    _one_at_a_time()
    stored = _stored_organisation(catalogue)
    _refuse_other_basis(catalogue)
    register = [
        *put_sources(catalogue),
        *put_recipients(catalogue),
        *put_categories(catalogue),
    ]
    purposes = (*_put_purposes(catalogue, at=at), *_stop_the_others(catalogue))
    is_changed = (
        stored is None
        or stored.catalogue_digest != catalogue.digest
        or bool(register)
        or any(purpose.change is not Change.UNCHANGED for purpose in purposes)
    )
    if is_changed:
        if _put_organisation(catalogue, stored, at=at):
            register.insert(0, f"organisation {catalogue.organisation.slug}")
        append(_event(catalogue, purposes=purposes, register=register, at=at))
    return LoadReport(is_changed=is_changed, purposes=purposes, register=tuple(register))


def _one_at_a_time() -> None:
    """Let two processes that load take turns, also the first time, when there is no row to lock yet.

    On SQLite the transaction itself is that lock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _stored_organisation(catalogue: Catalogue) -> Organisation | None:
    """Return what is loaded now."""
    stored = Organisation.objects.first()
    if stored is not None and stored.slug != catalogue.organisation.slug:
        raise _refused(
            catalogue,
            "organisation.slug",
            f"This installation serves `{stored.slug}`. Keep that slug, or load this catalogue "
            "into an installation of its own.",
        )
    return stored


def _refuse_other_basis(catalogue: Catalogue) -> None:
    """Who said no must not find that consent is no longer asked (EDPB guidelines 05/2020, section 6)."""
    by_consent = set(
        Purpose.objects.filter(legal_basis=LegalBasis.CONSENT).values_list("slug", flat=True)
    )
    faults = [
        _fault(
            catalogue,
            f"purposes[{index}].legal_basis",
            f"`{purpose.slug}` asks for consent, and people have answered. It cannot move to another "
            "legal basis. Take it out, and give the new purpose a slug of its own.",
        )
        for index, purpose in enumerate(catalogue.purposes)
        if purpose.slug in by_consent and purpose.legal_basis is not LegalBasis.CONSENT
    ]
    if faults:
        raise CatalogueError(tuple(faults))


def _fault(catalogue: Catalogue, path: str, reason: str) -> Fault:
    return Fault(file=catalogue.file, path=path, reason=reason)


def _refused(catalogue: Catalogue, path: str, reason: str) -> CatalogueError:
    return CatalogueError((_fault(catalogue, path, reason),))


def _put_organisation(catalogue: Catalogue, stored: Organisation | None, *, at: datetime) -> bool:
    """Store the organisation with the stamp of this catalogue; return whether its own facts changed."""
    entry = catalogue.organisation
    is_changed = stored is None or (stored.texts, stored.contact) != (entry.texts, entry.contact)
    put(
        Organisation,
        stored,
        slug=entry.slug,
        texts=entry.texts,
        contact=entry.contact,
        catalogue_digest=catalogue.digest,
        catalogue_loaded_at=at,
    )
    return is_changed


def _put_purposes(catalogue: Catalogue, *, at: datetime) -> list[PurposeChange]:
    stored = Purpose.objects.in_bulk(field_name="slug")
    was_active = {slug: purpose.is_active for slug, purpose in stored.items()}
    ids = stored_ids()
    changes = []
    for place, entry in enumerate(catalogue.purposes, start=1):
        purpose, is_changed = put(
            Purpose,
            stored.get(entry.slug),
            slug=entry.slug,
            position=place,
            icon=entry.icon,
            legal_basis=entry.legal_basis.value,
            validity_months=entry.validity_months,
            is_active=True,
        )
        is_changed |= put_asked(purpose, entry, ids)
        is_changed |= put_processings(purpose, entry, ids)
        number, is_new = put_notice(purpose, entry, at=at)
        change = _change(
            was_active=was_active.get(entry.slug), is_new=is_new, is_changed=is_changed
        )
        changes.append(
            PurposeChange(
                slug=entry.slug,
                change=change,
                notice_number=number,
                asks_again=is_new and number > 1 and entry.legal_basis is LegalBasis.CONSENT,
            )
        )
    return changes


def _change(*, was_active: bool | None, is_new: bool, is_changed: bool) -> Change:
    """Return what happened to a purpose; `was_active` is None when it was not there."""
    if was_active is None:
        return Change.ADDED
    if not was_active:
        return Change.RESUMED
    if is_new:
        return Change.NEW_NOTICE
    return Change.UPDATED if is_changed else Change.UNCHANGED


def _stop_the_others(catalogue: Catalogue) -> list[PurposeChange]:
    gone = Purpose.objects.filter(is_active=True).exclude(
        slug__in=[purpose.slug for purpose in catalogue.purposes]
    )
    stopped = []
    for purpose in gone.annotate(number=models.Max("notice_versions__number")).order_by("slug"):
        Purpose.objects.filter(pk=purpose.pk).update(is_active=False)
        stopped.append(
            PurposeChange(
                slug=purpose.slug,
                change=Change.STOPPED,
                notice_number=purpose.number or 0,
                asks_again=False,
            )
        )
    return stopped


def _event(
    catalogue: Catalogue, *, purposes: tuple[PurposeChange, ...], register: list[str], at: datetime
) -> Event:
    return Event(
        kind=EventKind.CATALOGUE_LOADED,
        actor=Actor.SYSTEM,
        at=at,
        subject_id=None,
        shown={},
        internal={
            "catalogue": catalogue.digest,
            "purposes": {
                purpose.slug: {
                    "change": purpose.change.value,
                    "noticeVersion": purpose.notice_number,
                }
                for purpose in purposes
                if purpose.change is not Change.UNCHANGED
            },
            "register": list(register),
        },
    )
