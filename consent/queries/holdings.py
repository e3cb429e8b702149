"""What the organisation knows about one person: values, sources, uses, and who may see and did see them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from accounts.identity import name_of
from accounts.models import DataSubject
from audit import keyring
from audit import queries as log
from audit.events import EventKind
from consent.decision import standing_within
from consent.models import DismissedQuestion, HeldItem
from consent.queries.choices import current_consents, standings, summed_up
from consent.queries.events import LOOKS, events_in, seen
from consent.queries.register import (
    CategoryInRegister,
    PurposeInRegister,
    Register,
    current_register,
    recipient_lines,
    said,
)
from consent.queries.sight import ALL, Sight
from consent.queries.values import (
    CategoryHoldings,
    HeldValue,
    HiddenValue,
    MyData,
    OpenQuestion,
    SeenEvent,
    UseLine,
)
from consent.vocabulary import Standing

RECENT = 4
LOOKS_COUNTED_OVER = timedelta(days=30)
_VISIBLE_DIGITS = 2


def my_data(*, subject: DataSubject, language: str, at: datetime, sight: Sight = ALL) -> MyData:
    """Return the whole page 'Mijn gegevens' (GDPR art. 15(1)): at most nine queries, whatever is held.

    Of what `sight` does not reach, nothing is read out and nothing is counted.
    """
    register, current = current_register(), current_consents(subject)
    values = _values(subject, register=register, language=language)
    looks = log.last_about_per_category(subject_id=subject.id, kinds=[EventKind.ACCESS_DECIDED])
    standing = {
        purpose.slug: standings(purpose, register=register, current=current, at=at)
        for purpose in register.purposes.values()
        if purpose.is_active and purpose.needs_consent and sight.sees_purpose(purpose.slug)
    }
    totals = {slug: summed_up(register.purposes[slug], found) for slug, found in standing.items()}
    return MyData(
        name=name_of(subject),
        categories=tuple(
            _category(
                category,
                values=values.get(category.slug, ()),
                standing={
                    slug: standing_within(own=found[category.slug], whole=totals[slug])
                    for slug, found in standing.items()
                    if category.slug in found
                },
                last=_last_look(looks.get(category.slug), register, language, sight=sight),
                register=register,
                language=language,
                sight=sight,
            )
            for category in register.categories.values()
            if sight.sees_category(category.slug)
        ),
        questions=_questions(subject, register=register, totals=totals, language=language),
        yes_count=sum(standing is Standing.GIVEN for standing in totals.values()),
        no_count=sum(
            standing in {Standing.REFUSED, Standing.WITHDRAWN} for standing in totals.values()
        ),
        looks_count=_looks_count(subject.id, at=at),
        recent=events_in(
            register, subject_id=subject.id, language=language, limit=RECENT, sight=sight
        ).events,
    )


def _last_look(
    entry: log.EntryView | None, register: Register, language: str, *, sight: Sight
) -> SeenEvent | None:
    event = seen(entry, register, language) if entry else None
    return event if event and sight.sees(event) else None


def _values(
    subject: DataSubject, *, register: Register, language: str
) -> Mapping[str, tuple[HeldValue, ...]]:
    items = {
        item.id: (category.slug, place, item)
        for category in register.categories.values()
        for place, item in enumerate(category.items)
    }
    found: dict[str, list[tuple[int, HeldValue]]] = defaultdict(list)
    rows = HeldItem.objects.filter(subject=subject).select_related("source")
    for row in rows.order_by("-obtained_on", "id"):
        category, place, item = items[row.item_id]
        texts = said(item.texts, language)
        value = _opened(row, subject=subject)
        found[category].append(
            (
                place,
                HeldValue(
                    id=row.id,
                    label=texts["name"],
                    value=masked(value) if item.is_masked else value,
                    source=said(row.source.texts, language)["name"],
                    obtained_on=row.obtained_on,
                    retention=texts["retention"],
                    is_masked=item.is_masked,
                ),
            )
        )
    return {
        category: tuple(value for _, value in sorted(lines, key=lambda line: line[0]))
        for category, lines in found.items()
    }


def hidden_value(*, subject: DataSubject, held: UUID, language: str) -> HiddenValue | None:
    """Return a value of this person that is masked on other pages; None when there is none with this id."""
    rows = HeldItem.objects.filter(pk=held, subject=subject, item__is_masked=True)
    row = rows.select_related("item__category").first()
    if row is None:
        return None
    value = _opened(row, subject=subject)
    return HiddenValue(
        id=row.id,
        category=row.item.category.slug,
        item=row.item.slug,
        label=said(row.item.texts, language)["name"],
        value=value,
        masked=masked(value),
    )


def _opened(row: HeldItem, *, subject: DataSubject) -> str:
    return keyring.open_sealed(
        key=subject.key, sealed=bytes(row.value_sealed), context=held_context(row.id)
    ).decode()


def held_context(held_item_id: UUID) -> str:
    """Return what binds a sealed value to its row, so that a value moved to another row does not open."""
    return f"consent.helditem|{held_item_id}|value"


def masked(value: str) -> str:
    """Hide all but the first and last two characters, and a short value whole; spaces keep their place."""
    ends = _VISIBLE_DIGITS if len(value) >= 4 * _VISIBLE_DIGITS else 0
    visible = {*range(ends), *range(len(value) - ends, len(value))}
    return "".join(
        character if character == " " or place in visible else "•"
        for place, character in enumerate(value)
    )


def _category(
    category: CategoryInRegister,
    *,
    values: tuple[HeldValue, ...],
    standing: Mapping[str, Standing],
    last: SeenEvent | None,
    register: Register,
    language: str,
    sight: Sight,
) -> CategoryHoldings:
    texts = said(category.texts, language)
    uses = [
        purpose
        for purpose in register.purposes.values()
        if purpose.is_active and category.slug in {asked.slug for asked in purpose.categories}
    ]
    may, may_with_a_yes = _who_may(category.slug, uses=uses, standing=standing)
    return CategoryHoldings(
        slug=category.slug,
        icon=category.icon,
        title=texts["name"],
        description=texts["description"],
        is_choice=category.is_choice,
        is_extra_protected=any(item.is_masked for item in category.items),
        values=values,
        uses=tuple(
            UseLine(
                purpose=purpose.slug,
                title=register.purpose_title(purpose.slug, language),
                legal_basis=purpose.legal_basis,
                needs_consent=purpose.needs_consent,
                standing=standing.get(purpose.slug),
            )
            for purpose in uses
            if sight.sees_purpose(purpose.slug)
        ),
        recipients=recipient_lines(register, may, language),
        recipients_without_yes=recipient_lines(register, may_with_a_yes - may, language),
        last_look=last,
    )


def _who_may(
    category: str, *, uses: Iterable[PurposeInRegister], standing: Mapping[str, Standing]
) -> tuple[set[str], set[str]]:
    """Return which recipients may see the category now, and which only after a yes."""
    may, may_with_a_yes = set[str](), set[str]()
    for purpose in uses:
        counts = standing.get(purpose.slug, Standing.GIVEN) is Standing.GIVEN
        recipients = {recipient for recipient, used in purpose.uses if used == category}
        (may if counts else may_with_a_yes).update(recipients)
    return may, may_with_a_yes


def _questions(
    subject: DataSubject, *, register: Register, totals: Mapping[str, Standing], language: str
) -> tuple[OpenQuestion, ...]:
    dismissed = set(
        DismissedQuestion.objects.filter(subject=subject).values_list(
            "notice_version_id", flat=True
        )
    )
    answered = {Standing.GIVEN, Standing.REFUSED, Standing.WITHDRAWN}
    return tuple(
        OpenQuestion(
            purpose=purpose.slug,
            title=register.purpose_title(purpose.slug, language),
            question=said(purpose.notice.texts, language)["question"],
            notice_number=purpose.notice.number,
        )
        for purpose in register.purposes.values()
        if purpose.slug in totals
        and totals[purpose.slug] not in answered
        and purpose.notice.id not in dismissed
    )


def _looks_count(subject_id: UUID, *, at: datetime) -> int:
    return log.count(
        filter=log.EntryFilter(
            subject_id=subject_id, kinds=frozenset(LOOKS), since=at - LOOKS_COUNTED_OVER
        )
    )
