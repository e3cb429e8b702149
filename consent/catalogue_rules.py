"""What a JSON Schema cannot say about a catalogue: names that must exist, and rules of the law.

Pure: no Django, no clock, no settings. The rules pass over what is not there or has another shape,
so that they run beside the schema and someone who writes a file sees all faults at once.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from consent.catalogue_file import Fault, Place, Source

LANGUAGES = ("nl", "en")
# A title of only these words says nothing about what happens (GDPR art. 5(1)(b)).
_VAGUE = re.compile(
    r"""aanbiedingen|analyses?|analytics|betere?|commerci[eë]le|communicatie|diensten|dienst
    |dienstverlening|doeleinden|ervaring|innovatie|klantbeleving|klantervaring|klanttevredenheid
    |marketing|onderzoek|onderzoeken|ontwikkeling|optimalisatie|overige|personalisatie|processen
    |producten|profilering|service|statistieken|statistiek|verbetering|verbeteren
    |advertising|better|commercial|communication|customers?|development|experience
    |improve|improvement|improving|innovation|offers|optimi[sz]ation|other|personali[sz]ation
    |processes|products|profiling|purposes|research|satisfaction|services|statistics|various""",
    re.VERBOSE,
)
_FILLERS = re.compile(
    "de|het|een|onze?|ons|uw|van|voor|en|of|door|met|te|in|op|alle"
    "|an?|the|our|your|for|and|or|to|with|by|on|all"
)

Entry = Mapping[str, Any]
Broken = Iterator[tuple[Place, str]]


def rule_faults(source: Source) -> list[Fault]:
    """Return every rule that the file breaks."""
    content = source.content if isinstance(source.content, dict) else {}
    return [source.fault(place, reason) for rule in _RULES for place, reason in rule(content)]


def is_vague(title: str) -> bool:
    """Return whether a title could stand above anything: 'Onderzoek', 'Our better services'."""
    words = re.findall(r"[^\W\d_]+", title.casefold())
    return all(_FILLERS.fullmatch(word) or _VAGUE.fullmatch(word) for word in words)


def _slugs_are_unique(content: Entry) -> Broken:
    for part in ("sources", "recipients", "categories", "purposes"):
        yield from _twice(_entries(content, part))
    yield from _twice(_items(content))


def _twice(named: Iterator[tuple[Place, Entry]]) -> Broken:
    seen: set[str] = set()
    for place, entry in named:
        slug = _text(entry, "slug")
        if slug in seen:
            yield (*place, "slug"), f"The slug `{slug}` is used twice. Choose another one."
        seen.add(slug or str(place))


def _sources_exist(content: Entry) -> Broken:
    known = _slugs(content, "sources")
    for place, item in _items(content):
        slug = _text(item, "source")
        if slug and slug not in known:
            yield (
                (*place, "source"),
                f"No source has the slug `{slug}`. Add it under sources, or correct it.",
            )


def _only_sensitive_items_are_masked(content: Entry) -> Broken:
    for place, item in _items(content):
        if item.get("is_masked") is True and item.get("sensitivity") == "ordinary":
            yield (
                (*place, "is_masked"),
                "Only a sensitive item is masked. Write `sensitivity: sensitive`, or show the value.",
            )


def _categories_exist(content: Entry) -> Broken:
    known = _slugs(content, "categories")
    for place, purpose in _entries(content, "purposes"):
        named = Counter(_asked(purpose))
        for where, line in _entries(purpose, "categories", place):
            slug = _text(line, "category")
            if slug and slug not in known:
                yield (*where, "category"), f"No category has the slug `{slug}`. Add or correct it."
            elif slug and named[slug] > 1:
                yield (
                    (*where, "category"),
                    f"The purpose names `{slug}` more than once. Keep one line.",
                )


def _consent_covers_choices_only(content: Entry) -> Broken:
    fixed = {
        _text(category, "slug")
        for _, category in _entries(content, "categories")
        if category.get("is_choice") is False
    }
    for place, purpose in _consents(content):
        for where, line in _entries(purpose, "categories", place):
            if (slug := _text(line, "category")) in fixed:
                yield (
                    (*where, "category"),
                    (
                        f"`{slug}` is not a matter of choice (is_choice: false), so consent cannot "
                        "cover it. Leave it out, or use another legal basis."
                    ),
                )


def _no_category_without_purpose(content: Entry) -> Broken:
    used = {slug for _, purpose in _entries(content, "purposes") for slug in _asked(purpose)}
    for place, category in _entries(content, "categories"):
        slug = _text(category, "slug")
        if slug and slug not in used:
            yield (
                place,
                (
                    f"No purpose uses `{slug}`. Hold no data without a purpose: "
                    "add the purpose, or leave the category out."
                ),
            )


def _something_is_required(content: Entry) -> Broken:
    for place, purpose in _entries(content, "purposes"):
        lines = [line for _, line in _entries(purpose, "categories")]
        if lines and all(line.get("is_required") is False for line in lines):
            yield (
                (*place, "categories"),
                "No category is required. Say what the purpose cannot do without.",
            )


def _recipients_exist(content: Entry) -> Broken:
    known = _slugs(content, "recipients")
    for place, purpose in _entries(content, "purposes"):
        uses = list(_uses(purpose, place))
        named = Counter(slug for _, slug, _ in uses)
        for where, slug, _ in uses:
            if slug not in known:
                yield where, f"No recipient has the slug `{slug}`. Add it, or correct it."
            elif named[slug] > 1:
                yield where, f"The purpose names `{slug}` more than once. Keep one line."


def _recipients_see_what_the_purpose_uses(content: Entry) -> Broken:
    for place, purpose in _entries(content, "purposes"):
        asked, uses = set(_asked(purpose)), list(_uses(purpose, place))
        for where, _, categories in uses:
            for extra in sorted(categories - asked):
                yield (
                    (*where, "categories"),
                    (
                        f"The purpose does not use `{extra}`. "
                        "Leave it out, or add it to the categories of the purpose."
                    ),
                )
        unseen = asked.difference(*(categories for _, _, categories in uses)) if uses else set()
        for slug in sorted(unseen):
            yield (
                (*place, "recipients"),
                (f"No recipient can see `{slug}`. Name who uses it, or do not ask for it."),
            )


def _questions_match_categories(content: Entry) -> Broken:
    for place, purpose in _consents(content):
        asked = set(_asked(purpose))
        for language in LANGUAGES:
            where = (*place, "texts", language, "categories")
            answered = _at(purpose, "texts", language, "categories")
            if not isinstance(answered, dict):
                continue
            for slug in sorted(asked - set(answered)):
                yield (*where, slug), "The question about this category is missing. Add it."
            for slug in sorted(set(answered) - asked):
                yield (*where, slug), "The purpose does not use this category. Remove the question."


def _titles_say_something(content: Entry) -> Broken:
    for place, purpose in _entries(content, "purposes"):
        for language in LANGUAGES:
            title = _text(purpose, "texts", language, "title")
            if title and is_vague(title):
                yield (
                    (*place, "texts", language, "title"),
                    (
                        f"`{title}` is too vague: people cannot tell what happens. "
                        "Name the one thing that you do."
                    ),
                )


def _at(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(entry: Entry, *names: str) -> str:
    """Return the text at this place below `entry`, or "" when there is none."""
    found = _at(entry, *names)
    return found if isinstance(found, str) else ""


def _entries(parent: Entry, part: str, place: Place = ()) -> Iterator[tuple[Place, Entry]]:
    """Yield the mappings in the list `part`, each with its place."""
    found = parent.get(part)
    for index, entry in enumerate(found if isinstance(found, list) else ()):
        if isinstance(entry, dict):
            yield (*place, part, index), entry


def _slugs(content: Entry, part: str) -> set[str]:
    return {_text(entry, "slug") for _, entry in _entries(content, part)}


def _items(content: Entry) -> Iterator[tuple[Place, Entry]]:
    for place, category in _entries(content, "categories"):
        yield from _entries(category, "items", place)


def _consents(content: Entry) -> Iterator[tuple[Place, Entry]]:
    for place, purpose in _entries(content, "purposes"):
        if purpose.get("legal_basis") == "consent":
            yield place, purpose


def _asked(purpose: Entry) -> list[str]:
    lines = (_text(line, "category") for _, line in _entries(purpose, "categories"))
    return [slug for slug in lines if slug]


def _uses(purpose: Entry, place: Place) -> Iterator[tuple[Place, str, set[str]]]:
    """Yield each recipient of a purpose: its place, its slug, and the categories that it sees."""
    found = purpose.get("recipients")
    for index, use in enumerate(found if isinstance(found, list) else ()):
        if isinstance(use, str):
            yield (*place, "recipients", index), use, set(_asked(purpose))
        elif isinstance(use, dict) and _text(use, "recipient"):
            seen = use.get("categories")
            slugs = (
                {slug for slug in seen if isinstance(slug, str)} if isinstance(seen, list) else ()
            )
            yield (*place, "recipients", index), _text(use, "recipient"), set(slugs)


_RULES: tuple[Callable[[Entry], Broken], ...] = (
    _slugs_are_unique,
    _sources_exist,
    _only_sensitive_items_are_masked,
    _categories_exist,
    _consent_covers_choices_only,
    _no_category_without_purpose,
    _something_is_required,
    _recipients_exist,
    _recipients_see_what_the_purpose_uses,
    _questions_match_categories,
    _titles_say_something,
)
