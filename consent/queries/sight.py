"""How much of a person somebody else sees: all of it, or what a mandate is limited to."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.policy import Mandated
from audit.events import EventKind
from consent.queries.register import PurposeInRegister, Register, current_register
from consent.queries.values import SeenEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The slugs that are seen; None: all of them. `kinds` are the kinds of event that are seen."""

    purposes: frozenset[str] | None = None
    categories: frozenset[str] | None = None
    kinds: frozenset[str] | None = None

    def sees_purpose(self, slug: str) -> bool:
        return self.purposes is None or slug in self.purposes

    def sees_category(self, slug: str) -> bool:
        return self.categories is None or slug in self.categories

    def sees(self, event: SeenEvent) -> bool:
        """Return whether an event is about nothing else than what is seen."""
        is_of_purpose = not event.purpose_slug or self.sees_purpose(event.purpose_slug)
        is_of_category = not event.category_slug or self.sees_category(event.category_slug)
        return is_of_purpose and is_of_category


ALL = Sight()
# Never how somebody logs in, nor the mandates that he gives.
_KINDS = frozenset(
    {
        EventKind.CONSENT_GIVEN,
        EventKind.CONSENT_REFUSED,
        EventKind.CONSENT_WITHDRAWN,
        EventKind.ACCESS_DECIDED,
        EventKind.LOG_READ,
        EventKind.LOG_EXPORTED,
        EventKind.EXPORT_DOWNLOADED,
        EventKind.DATA_SEEN,
    }
)


def sight_of(mandate: Mandated | None) -> Sight:
    """Return how much a mandate lets see; None is a person who looks at himself.

    A mandate for some purposes shows the categories of those purposes; one for some categories shows the
    purposes that need nothing else.
    """
    if mandate is None:
        return ALL
    register = current_register()
    seen = frozenset(
        purpose.slug
        for purpose in register.purposes.values()
        if mandate.covers(purpose=purpose.slug, categories=_categories([purpose]))
    )
    return Sight(
        purposes=seen if mandate.purposes or mandate.categories else None,
        categories=mandate.categories or (_of(register, seen) if mandate.purposes else None),
        kinds=_KINDS,
    )


def _of(register: Register, purposes: Iterable[str]) -> frozenset[str]:
    return _categories(register.purposes[slug] for slug in purposes)


def _categories(purposes: Iterable[PurposeInRegister]) -> frozenset[str]:
    return frozenset(asked.slug for purpose in purposes for asked in purpose.categories)
