from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from consent.catalogue import CatalogueError, parse_catalogue, read_catalogue
from consent.catalogue_file import DEEPEST, LARGEST_FILE, written
from consent.vocabulary import LegalBasis
from tests.consent.catalogues import (
    ROOT,
    VECHTWATER,
    VECHTWATER_PATH,
    faults_of,
    text_with,
    with_change,
)


def paths(text: str) -> list[str]:
    return [fault.path for fault in faults_of(text)]


def nested_properties(node: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every `properties` of a schema; conditions only point at what is explained elsewhere."""
    if isinstance(node, dict):
        if "properties" in node:
            yield place, node["properties"]
        for name, part in node.items():
            if name != "allOf":
                yield from nested_properties(part, f"{place}/{name}")


class TestTheShippedCatalogue:
    def test_holds_the_categories_and_purposes_of_the_product(self) -> None:
        assert {category.slug: category.is_choice for category in VECHTWATER.categories} == {
            "identity": False,
            "payment": False,
            "history": True,
            "usage": True,
            "household": True,
            "home": True,
            "communication": True,
        }
        assert {purpose.slug: purpose.legal_basis for purpose in VECHTWATER.purposes} == {
            "lekwaarschuwing": LegalBasis.CONSENT,
            "bespaartips": LegalBasis.CONSENT,
            "vergelijking": LegalBasis.CONSENT,
            "loden-leidingen": LegalBasis.CONSENT,
            "droogteadvies": LegalBasis.CONSENT,
            "verhuistips": LegalBasis.CONSENT,
            "verhaal-niet-twee-keer": LegalBasis.CONSENT,
            "levering-en-rekening": LegalBasis.CONTRACT,
            "storingsbericht": LegalBasis.PUBLIC_TASK,
            "bewaarplicht": LegalBasis.LEGAL_OBLIGATION,
        }

    def test_masks_the_bank_account_and_nothing_else(self) -> None:
        masked = [
            item.slug for part in VECHTWATER.categories for item in part.items if item.is_masked
        ]

        assert masked == ["rekeningnummer"]

    def test_gives_a_recipient_that_is_named_alone_every_category_of_the_purpose(self) -> None:
        uses = {use.recipient: use.categories for use in VECHTWATER.purposes[0].uses}

        assert uses == {
            "lekdetectie": ("usage", "household"),
            "storingsdienst": ("usage",),
            "meetnet": ("usage",),
        }

    def test_is_read_the_same_by_every_other_yaml_reader(self) -> None:
        """An editor and another tool must not see another catalogue than Regie does."""
        schema = yaml.safe_load((VECHTWATER_PATH.parent / "catalogue.schema.json").read_text())
        content = yaml.safe_load(VECHTWATER_PATH.read_text(encoding="utf-8"))

        jsonschema.Draft202012Validator(schema).validate(content)


class TestTheSchema:
    SCHEMA = yaml.safe_load((VECHTWATER_PATH.parent / "catalogue.schema.json").read_text())

    def test_is_a_json_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(self.SCHEMA)
        assert self.SCHEMA["$id"] == "https://regie.example/schemas/catalogue.schema.json"

    def test_explains_every_property_to_who_writes_a_file(self) -> None:
        definitions = self.SCHEMA["$defs"]
        silent = [
            (place, name)
            for place, properties in nested_properties(self.SCHEMA, "")
            for name, part in properties.items()
            if "description" not in {**definitions.get(part.get("$ref", "")[8:], {}), **part}
        ]

        assert silent == []

    def test_lets_no_object_carry_names_it_does_not_know(self) -> None:
        objects = [
            name
            for name, part in self.SCHEMA["$defs"].items()
            if part.get("type") == "object" and "additionalProperties" not in part
        ]

        assert objects == []


class TestFaults:
    def test_come_all_at_once_with_line_path_and_what_to_do(self) -> None:
        text = text_with("benefit: U hoort", "benefits: U hoort")
        text = text.replace("country: NL", "country: nl", 1)
        text = text.replace("recipients: [bespaarcoach]", "recipients: [bespaarcoach, nobody]", 1)

        faults = faults_of(text)

        assert {fault.path: fault.reason for fault in faults} == {
            "recipients[0].country": (
                '"nl" does not fit. Where the data is handled: '
                "the two capitals of ISO 3166-1, such as NL."
            ),
            "purposes[0].texts.nl.benefit": "This is missing. Add it.",
            "purposes[0].texts.nl.benefits": (
                "This name is not known here. Did you mean `benefit`?"
            ),
            "purposes[1].recipients[1]": (
                "No recipient has the slug `nobody`. Add it, or correct it."
            ),
        }
        lines = text.splitlines()
        for fault in faults:
            assert fault.file == "test.yaml"
            assert fault.line is not None
        assert lines[(faults[0].line or 0) - 1].strip() == "country: nl"
        assert str(faults[0]).startswith(f"test.yaml:{faults[0].line}: recipients[0].country: ")

    @pytest.mark.parametrize(
        ("old", "new", "path"),
        [
            ("format: 1", "format: 2", "format"),
            ("slug: vechtwater", "slug: Vecht Water", "organisation.slug"),
            ("website: https://", "website: http://", "organisation.contact.website"),
            ("is_automated: false", "is_automated: no", "recipients[0].is_automated"),
            ("never_sells: true", "never_sells: false", "recipients[0].never_sells"),
            ("kind: team", "kind: friend", "recipients[0].kind"),
            ("icon: user", "icon: unicorn", "categories[0].icon"),
            (
                "retention_months: 24",
                "retention_months: 0",
                "categories[0].items[0].retention_months",
            ),
            ("sensitivity: ordinary", "sensitivity: secret", "categories[0].items[0].sensitivity"),
            ("legal_basis: consent", "legal_basis: marketing", "purposes[0].legal_basis"),
            ("validity_months: 24", "validity_months: 61", "purposes[0].validity_months"),
            ("    validity_months: 24\n", "", "purposes[0].validity_months"),
            (
                "          - Verder verandert er niets. U betaalt hetzelfde.\n",
                "",
                "purposes[0].texts.nl.no_points",
            ),
            (
                "          - Verder verandert er niets. U betaalt hetzelfde.\n",
                "          - Eerste.\n          - Tweede.\n",
                "purposes[0].texts.nl.no_points",
            ),
            (
                "bij een lek?\n",
                "bij een lek.\n",
                "purposes[0].texts.nl.question",
            ),
            ("recipients: [bespaarcoach]", "recipients: [3]", "purposes[1].recipients[0]"),
            ("recipients: [bespaarcoach]", "recipients: []", "purposes[1].recipients"),
        ],
    )
    def test_are_found_where_the_schema_is_broken(self, old: str, new: str, path: str) -> None:
        assert paths(text_with(old, new)) == [path]

    @pytest.mark.parametrize(
        ("old", "new", "path"),
        [
            ("- slug: watermeter", "- slug: uzelf", "sources[1].slug"),
            ("source: onze-administratie", "source: x", "categories[0].items[1].source"),
            (
                "recipients: [bespaarcoach]",
                "recipients: [bespaarcoach, bespaarcoach]",
                "purposes[1].recipients[0]",
            ),
            (
                "title: Waarschuwing bij een lek",
                "title: Onze dienstverlening verbeteren",
                "purposes[0].texts.nl.title",
            ),
        ],
    )
    def test_are_found_where_a_rule_is_broken(self, old: str, new: str, path: str) -> None:
        assert path in paths(text_with(old, new))

    def test_name_consent_for_data_that_is_no_choice(self) -> None:
        text = text_with("is_choice: true", "is_choice: false")  # of `history`

        (fault,) = faults_of(text)

        assert fault.path == "purposes[6].categories[0].category"
        assert "is not a matter of choice" in fault.reason

    def test_name_a_choice_on_another_legal_basis(self) -> None:
        found = paths(
            text_with("legal_basis: consent\n    validity_months: 24", "legal_basis: contract")
        )

        assert set(found) == {
            f"purposes[0].texts.{language}.{field}"
            for language in ("nl", "en")
            for field in (
                "reason",
                "right",
                "question",
                "yes_points",
                "no_points",
                "duration",
                "categories",
            )
        }

    def test_name_a_masked_item_that_is_not_sensitive(self) -> None:
        text = text_with(
            "sensitivity: sensitive\n        is_masked: true",
            "sensitivity: ordinary\n        is_masked: true",
        )

        assert paths(text) == ["categories[1].items[0].is_masked"]

    def test_name_a_category_that_does_not_exist_and_its_question(self) -> None:
        text = text_with(
            "{ category: household, is_required: false }", "{ category: huis, is_required: false }"
        )

        assert set(paths(text)) == {
            "purposes[0].categories[1].category",
            "purposes[0].texts.nl.categories.huis",
            "purposes[0].texts.en.categories.huis",
            "purposes[0].texts.nl.categories.household",
            "purposes[0].texts.en.categories.household",
        }

    def test_name_a_category_that_is_asked_twice(self) -> None:
        text = text_with(
            "{ category: household, is_required: false }", "{ category: usage, is_required: false }"
        )

        assert paths(text)[:2] == [
            "purposes[0].categories[0].category",
            "purposes[0].categories[1].category",
        ]

    def test_name_a_purpose_that_can_do_without_everything(self) -> None:
        text = text_with(
            "{ category: usage, is_required: true }", "{ category: usage, is_required: false }"
        )

        assert paths(text) == ["purposes[0].categories"]

    def test_name_recipients_that_see_more_or_less_than_the_purpose_uses(self) -> None:
        text = text_with(
            "recipients: [bespaarcoach]",
            "recipients: [{ recipient: bespaarcoach, categories: [usage, payment] }]",
        )

        assert set(paths(text)) == {
            "purposes[1].recipients[0].categories",
            "purposes[1].recipients",
        }

    def test_name_data_that_is_held_without_a_purpose(self) -> None:
        head, tail = VECHTWATER_PATH.read_text(encoding="utf-8").split("  - slug: verhuistips\n")
        rest = tail.split("  - slug: verhaal-niet-twee-keer\n")[1]
        rest = rest.replace("      - { category: communication, is_required: false }\n", "")
        rest = rest.replace("      - { category: communication, is_required: true }\n", "")
        text = f"{head}  - slug: verhaal-niet-twee-keer\n{rest}"

        assert "categories[6]" in paths(text)

    def test_say_which_language_lacks_a_text(self) -> None:
        text = text_with("        title: Leak warning\n", "")

        assert paths(text) == ["purposes[0].texts.en.title"]


class TestStrictYaml:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "empty"),
            ("a: [", "cannot be read as YAML"),
            ("a: 1\na: 2", "'a' is here twice"),
            ("1: a", "a key must be text"),
            ("? [a]\n: b", "a key must be text"),
            ("a: &x b\nc: *x", "anchors and aliases"),
            ("a: !!python/object/apply:os.getcwd []", "tags (!) are not used"),
            ("a: !!timestamp 2026-01-01", "write plain text"),
            ('a: "\\a"', "cannot be shown"),
            ("a: \x00", "not YAML"),
            ("a: 1\n---\nb: 2", "a second document"),
            ("[" * (DEEPEST + 5) + "]" * (DEEPEST + 5), "nested too deeply"),
            ("[" * 5000, "nested too deeply"),
            ("#" * (LARGEST_FILE + 1), "Shorten it"),
        ],
    )
    def test_refuses(self, text: str, said: str) -> None:
        (fault,) = faults_of(text)

        assert said in fault.reason

    def test_keeps_norway_a_country(self) -> None:
        assert with_change("country: NL", "country: NO").recipients[0].country == "NO"

    @pytest.mark.parametrize(
        "text",
        [
            "[]",
            "3",
            "purposes: {a: b}\nsources: [1, 2]\nrecipients: null\n",
            "categories: [{slug: [1], items: [{slug: {}}, 3]}]",
            "purposes: [{legal_basis: consent, categories: [{category: [x]}]}]",
            "purposes: [{recipients: [{recipient: 3}, {recipient: a, categories: 4}, 3]}]",
            "purposes: [{legal_basis: consent, texts: {nl: {categories: []}, en: 3}}]",
        ],
    )
    def test_names_faults_in_a_file_of_another_shape(self, text: str) -> None:
        assert faults_of(text)


class TestReading:
    def test_tells_when_there_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogueError, match=r"nothing\.yaml: The file cannot be read"):
            read_catalogue(tmp_path / "nothing.yaml")

    def test_tells_when_it_is_not_text(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00")

        with pytest.raises(CatalogueError, match="Save it as UTF-8"):
            read_catalogue(tmp_path / "a.yaml")

    def test_writes_places_as_people_do(self) -> None:
        assert (
            written(("purposes", 2, "texts", "nl", "question")) == "purposes[2].texts.nl.question"
        )
        assert written(()) == ""


class TestTheDigestOfAPurpose:
    """It changes with what people agree to, and with nothing else."""

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("benefit: U hoort het snel", "benefit: U hoort het meteen"),
            ("benefit: You hear it soon", "benefit: You hear it at once"),
            ("    validity_months: 24", "    validity_months: 12"),
            (
                "{ category: household, is_required: false }",
                "{ category: household, is_required: true }",
            ),
            ("      - { recipient: meetnet, categories: [usage] }\n    texts", "    texts"),
            ("role: Leest de watermeters voor ons uit", "role: Leest alle meters voor ons uit"),
            (
                "privacy@meetnet.example\n    country: NL",
                "privacy@meetnet.example\n    country: BE",
            ),
            ("slug: verbruik-per-dag", "slug: verbruik-per-uur"),
            ("retention_months: 13", "retention_months: 14"),
        ],
    )
    def test_changes_with(self, old: str, new: str) -> None:
        assert with_change(old, new).purposes[0].digest != VECHTWATER.purposes[0].digest

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("icon: alert", "icon: drop"),
            ("address: Waterkade 1", "address: Waterkade 2"),
            ("contact: privacy@meetnet.example", "contact: fg@meetnet.example"),
            ("title: Bespaartips die bij u passen", "title: Tips die bij u passen"),
            ("      - lekdetectie\n      - { recipient: storingsdienst, categories: [usage] }\n",
             "      - { recipient: storingsdienst, categories: [usage] }\n      - lekdetectie\n"),
        ],
    )  # fmt: skip
    def test_stays_with(self, old: str, new: str) -> None:
        changed = with_change(old, new)

        assert changed.purposes[0].digest == VECHTWATER.purposes[0].digest
        assert changed.digest != VECHTWATER.digest


class TestTheGuide:
    def test_shows_a_file_that_loads(self) -> None:
        guide = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
        example = guide.split("```yaml\n")[1].split("```")[0]

        catalogue = parse_catalogue(example, file="docs/catalogue.md")

        assert [purpose.slug for purpose in catalogue.purposes] == ["lijnmelding", "vervoer"]
