"""The words of the shipped catalogue keep the rules of plain language (B1) and of fair questions."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from consent.catalogue import Catalogue, PurposeEntry
from consent.catalogue_rules import LANGUAGES, is_vague
from consent.vocabulary import LegalBasis
from tests.consent.catalogues import VECHTWATER

CATALOGUE = VECHTWATER
CONSENTS = [purpose for purpose in CATALOGUE.purposes if purpose.legal_basis is LegalBasis.CONSENT]

FORBIDDEN = {
    "nl": (
        "akkoord", "optimaal", "optimale", "persoonlijke ervaring", "helaas", "jammer", "u mist", "help ons",
        "rechts", "links", "groene knop", "rode knop", "mogelijk", "eventueel", "partners", "cookies",
        "procent van onze klanten", "profiel", "verwerken", "betrokkene", "grondslag",
    ),
    "en": (
        "optimal", "personalised experience", "personalized experience", "unfortunately", "you miss", "miss out",
        "help us", "on the left", "on the right", "green button", "might", "partners", "data subject", "process",
    ),
}  # fmt: skip
INFORMAL = re.compile(r"\b(?:je|jij|jou|jouw|jullie)\b", re.IGNORECASE)
# Abbreviations are for the law only, and there they are explained as the name of the law.
LAW_ONLY = re.compile(r"\b(?:AVG|GDPR|FG|DPO|DPIA)\b")
VOWELS = re.compile(r"[aeiouyáàäéèëíïóöúü]+", re.IGNORECASE)
LONGEST_SENTENCE = 20
LONGEST_MEAN = 12
NUMBERS = {"nl": {12: "1 jaar", 24: "2 jaar"}, "en": {12: "1 year", 24: "2 years"}}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from strings(part)


def said(catalogue: Catalogue, language: str) -> list[str]:
    """Return every text of the catalogue in one language."""
    texts = [
        catalogue.organisation.texts,
        *(source.texts for source in catalogue.sources),
        *(recipient.texts for recipient in catalogue.recipients),
        *(category.texts for category in catalogue.categories),
        *(item.texts for category in catalogue.categories for item in category.items),
        *(purpose.texts for purpose in catalogue.purposes),
    ]
    return [text for entry in texts for text in strings(dict(entry[language]))]


def sentences(text: str) -> list[str]:
    """Split into sentences; a number such as 8.00 ends none."""
    return [part for part in re.split(r"(?<=[.?!])\s+", text) if part]


def words(sentence: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:[-'.,][^\W_]+)*", sentence)


@pytest.mark.parametrize("language", LANGUAGES)
class TestEveryText:
    def test_has_no_sentence_that_is_too_long(self, language: str) -> None:
        long = [
            sentence
            for text in said(CATALOGUE, language)
            for sentence in sentences(text)
            if len(words(sentence)) > LONGEST_SENTENCE
        ]

        assert long == []

    def test_has_short_sentences_on_average(self, language: str) -> None:
        lengths = [
            len(words(sentence))
            for text in said(CATALOGUE, language)
            for sentence in sentences(text)
        ]

        assert sum(lengths) / len(lengths) <= LONGEST_MEAN

    def test_has_short_sentences_on_average_within_each_purpose(self, language: str) -> None:
        for purpose in CATALOGUE.purposes:
            lengths = [
                len(words(sentence))
                for text in strings(dict(purpose.texts[language]))
                for sentence in sentences(text)
            ]

            assert sum(lengths) / len(lengths) <= LONGEST_MEAN, purpose.slug

    def test_uses_no_forbidden_words(self, language: str) -> None:
        found = [
            (word, text)
            for text in said(CATALOGUE, language)
            for word in FORBIDDEN[language]
            if re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE)
        ]

        assert found == []

    def test_uses_abbreviations_for_the_law_only(self, language: str) -> None:
        found = [
            (purpose.slug, field)
            for purpose in CATALOGUE.purposes
            for field, texts in purpose.texts[language].items()
            if field != "basis" and any(LAW_ONLY.search(text) for text in strings(texts))
        ]

        assert found == []

    def test_has_no_shouting_and_no_double_spaces(self, language: str) -> None:
        assert [text for text in said(CATALOGUE, language) if "!" in text or "  " in text] == []

    def test_never_asks_with_a_double_negative(self, language: str) -> None:
        negative = {"nl": r"\b(?:niet|geen|nooit)\b", "en": r"\b(?:not|no|never)\b"}[language]

        for purpose in CONSENTS:
            assert not re.search(negative, purpose.texts[language]["question"]), purpose.slug
            for asked in purpose.texts[language]["categories"].values():
                assert not re.search(negative, asked["question"]), purpose.slug


class TestDutch:
    def test_reads_easily(self) -> None:
        """The Flesch score as Douma made it for Dutch: 60 and more is plain; the law scores below 30."""
        for purpose in CATALOGUE.purposes:
            spoken = [text for text in strings(dict(purpose.texts["nl"])) if "artikel" not in text]
            found = [sentence for text in spoken for sentence in sentences(text)]
            counted = [word for sentence in found for word in words(sentence)]
            syllables = sum(max(1, len(VOWELS.findall(word))) for word in counted)
            score = 206.84 - 0.93 * len(counted) / len(found) - 77 * syllables / len(counted)

            assert score >= 60, purpose.slug

    def test_says_u_and_never_je(self) -> None:
        assert [text for text in said(CATALOGUE, "nl") if INFORMAL.search(text)] == []

    def test_asks_whether_we_may(self) -> None:
        for purpose in CONSENTS:
            assert purpose.texts["nl"]["question"].startswith("Mogen wij ")
            assert purpose.texts["en"]["question"].startswith("May we ")

    def test_is_not_left_untranslated(self) -> None:
        for purpose in CATALOGUE.purposes:
            same = [
                field
                for field, text in purpose.texts["nl"].items()
                if text == purpose.texts["en"][field]
            ]
            assert same == [], purpose.slug


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", CONSENTS, ids=lambda purpose: purpose.slug)
class TestAQuestion:
    def test_says_as_much_about_no_as_about_yes(self, purpose: PurposeEntry, language: str) -> None:
        texts = purpose.texts[language]
        yes, no = (sum(map(len, texts[side])) for side in ("yes_points", "no_points"))

        assert len(texts["yes_points"]) == len(texts["no_points"])
        assert 0.75 <= yes / no <= 1.34

    def test_says_that_nothing_else_changes_after_no(
        self, purpose: PurposeEntry, language: str
    ) -> None:
        reassuring = {
            "nl": ("Verder verandert er niets.", "Dan regelen wij die gewoon."),
            "en": ("Nothing else changes.", "Then we arrange it as usual."),
        }[language]

        assert any(
            point.endswith(said) or said in point
            for point in purpose.texts[language]["no_points"]
            for said in reassuring
        )

    def test_says_in_one_sentence_what_it_brings(
        self, purpose: PurposeEntry, language: str
    ) -> None:
        assert len(sentences(purpose.texts[language]["benefit"])) == 1

    def test_promises_never_to_sell(self, purpose: PurposeEntry, language: str) -> None:
        promise = {"nl": "Wij verkopen uw gegevens niet.", "en": "We do not sell your data."}

        assert purpose.texts[language]["not_done"].startswith(promise[language])

    def test_says_how_long_a_yes_counts(self, purpose: PurposeEntry, language: str) -> None:
        assert purpose.validity_months is not None

        duration = purpose.texts[language]["duration"]

        assert NUMBERS[language][purpose.validity_months] in duration

    def test_says_of_each_category_whether_it_is_needed(
        self, purpose: PurposeEntry, language: str
    ) -> None:
        needed = {"nl": ("Nodig. ", "Niet nodig. "), "en": ("Needed. ", "Not needed. ")}[language]

        for asked in purpose.categories:
            hint = purpose.texts[language]["categories"][asked.category]["hint"]
            assert hint.startswith(needed[0] if asked.is_required else needed[1])


class TestRetention:
    def test_says_the_same_as_the_number_of_months(self) -> None:
        for category in CATALOGUE.categories:
            for item in category.items:
                years = f"{item.retention_months // 12} jaar"
                months = f"{item.retention_months} maanden"
                said = item.texts["nl"]["retention"]
                assert (months if item.retention_months % 12 else years) in said, item.slug


class TestTitles:
    @pytest.mark.parametrize("purpose", CATALOGUE.purposes, ids=lambda purpose: purpose.slug)
    def test_say_what_happens(self, purpose: PurposeEntry) -> None:
        assert not is_vague(purpose.texts["nl"]["title"])
        assert not is_vague(purpose.texts["en"]["title"])

    @pytest.mark.parametrize(
        "title",
        [
            "Marketing",
            "Onderzoek",
            "Onze dienstverlening verbeteren",
            "Betere service voor onze producten",
            "Overige doeleinden",
            "Improving our services",
            "Research and statistics",
        ],
    )
    def test_that_could_stand_above_anything_are_vague(self, title: str) -> None:
        assert is_vague(title)
