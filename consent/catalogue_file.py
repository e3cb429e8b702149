"""Reading a catalogue file: strict YAML, then the JSON Schema. Pure: no Django, no clock, no settings.

Stricter than YAML: no key twice, no anchors, no dates, and only `true` and `false` are yes and no,
so that a country `NO` stays Norway.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

SCHEMA_PATH = Path(__file__).parent / "catalogues" / "catalogue.schema.json"
LARGEST_FILE = 1024 * 1024  # bytes
DEEPEST = 20  # levels of lists and mappings; a catalogue has nine
LONGEST_SHOWN = 60  # characters of a wrong value in a fault

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a catalogue: where it is, why, and what to do."""

    file: str
    path: str  # "purposes[2].texts.nl.question"; "" for the whole file
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.path}: {self.reason}" if self.path else f"{where}: {self.reason}"


class CatalogueError(Exception):
    """A catalogue cannot be used. `faults` holds everything that is wrong, not only the first thing."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A parsed file: what it says, and on which line it says it."""

    file: str
    content: Any
    lines: Mapping[Place, int] = field(repr=False)

    def fault(self, place: Place, reason: str) -> Fault:
        """Return a fault at this place, with the line of the nearest thing that the file holds."""
        known = place
        while known and known not in self.lines:
            known = known[:-1]
        return Fault(file=self.file, path=written(place), reason=reason, line=self.lines.get(known))


def written(place: Place) -> str:
    """Return a place as people write it.

    >>> written(("purposes", 2, "texts", "nl"))
    'purposes[2].texts.nl'
    """
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).removeprefix(".")


def parse_yaml(text: str, *, file: str) -> Source:
    """Parse strict YAML.

    Raises:
        CatalogueError: it is not YAML, or it uses what a catalogue may not use.
    """
    if len(text.encode()) > LARGEST_FILE:
        raise _refused(file, f"The file is larger than {LARGEST_FILE} bytes. Split or shorten it.")
    loader = _StrictLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise _refused(file, "The file is empty. Start from docs/catalogue.md.")
        lines = dict(_lines(node))
        return Source(file=file, content=loader.construct_document(node), lines=lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _refused(file, _yaml_reason(error), line=line) from error
    except yaml.YAMLError as error:  # characters that no YAML file may hold
        raise _refused(file, f"This is not YAML: {error}") from error
    except RecursionError as error:
        raise _refused(file, "This is nested too deeply.") from error
    finally:
        loader.dispose()


def schema_faults(source: Source) -> list[Fault]:
    """Return everything in which the file differs from the JSON Schema."""
    found = [
        source.fault((*error.absolute_path, *tail), reason)
        for error in _validator().iter_errors(source.content)
        for tail, reason in _explained(error)
    ]
    return list(dict.fromkeys(found))  # two rules can find the same thing missing


_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(f"{_TAG}{name}" for name in ("bool", "int", "map", "null", "seq", "str"))
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader without the surprises."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases (& and *) are not used here; write the text again",
                problem_mark=self.peek_event().start_mark,  # type: ignore[no-untyped-call]
            )
        return super().compose_node(parent, index)


_StrictLoader.yaml_implicit_resolvers = {
    first: [resolver for resolver in resolvers if resolver[0] == f"{_TAG}null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(f"{_TAG}bool", re.compile(r"^(?:true|false)$"), list("tf"))
_StrictLoader.add_implicit_resolver(
    f"{_TAG}int", re.compile(r"^(?:0|-?[1-9][0-9]{0,8})$"), list("-0123456789")
)


def _lines(node: yaml.Node, place: Place = ()) -> Iterator[tuple[Place, int]]:
    """Yield the line of every place, and refuse what JSON does not know."""
    if len(place) > DEEPEST:
        raise _unfit(node, "this is nested too deeply")
    if node.tag not in _PLAIN_TAGS:
        raise _unfit(node, f"the tag {node.tag} is not used here; write plain text")
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*place, index))
    elif isinstance(node, yaml.MappingNode):
        yield from _lines_of_mapping(node, place)
    elif _UNPRINTABLE.search(node.value):
        raise _unfit(node, "this text holds a character that cannot be shown; remove it")


def _lines_of_mapping(node: yaml.MappingNode, place: Place) -> Iterator[tuple[Place, int]]:
    seen = set()
    for key, value in node.value:
        if key.tag != f"{_TAG}str":
            raise _unfit(key, "a key must be text; write it between quotes")
        if key.value in seen:
            raise _unfit(key, f"'{key.value}' is here twice; keep one of them")
        seen.add(key.value)
        yield from _lines(value, (*place, key.value))


def _unfit(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _refused(file: str, reason: str, *, line: int | None = None) -> CatalogueError:
    return CatalogueError((Fault(file=file, path="", reason=reason, line=line),))


def _yaml_reason(error: yaml.MarkedYAMLError) -> str:
    details = " ".join(part for part in (error.context, error.problem) if part)
    return f"This cannot be read as YAML: {details}."


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(SCHEMA_PATH.read_text(encoding="utf-8")))


def _explained(error: jsonschema.ValidationError) -> Iterator[tuple[Place, str]]:
    """Yield where (below the path of the error) and why, in our own words: those of tools differ."""
    instance, wanted, schema = _parts(error)
    if error.validator == "required":
        for name in wanted:
            if name not in instance:
                yield (name,), "This is missing. Add it."
    elif error.validator == "additionalProperties":
        yield from _unknown(instance, known=schema["properties"])
    else:
        yield (), _reason(str(error.validator), instance=instance, wanted=wanted, schema=schema)


def _parts(error: jsonschema.ValidationError) -> tuple[Any, Any, Any]:
    return error.instance, error.validator_value, error.schema


def _reason(validator: str, *, instance: Any, wanted: Any, schema: Any) -> str:
    match validator:
        case "type":
            return f"{_shown(instance)} must be {_TYPES[str(wanted)]}."
        case "not":
            return f"This does not belong here. {schema['description']} Remove it."
        case "enum":
            return f"{_shown(instance)} is not known. Choose from: {', '.join(wanted)}."
        case "minItems":
            return f"It has {len(instance)} lines and needs at least {wanted}."
        case "maxItems":
            return f"It has {len(instance)} lines and can have at most {wanted}."
        case _:  # pattern, const, lengths and limits: the description says what is right
            return f"{_shown(instance)} does not fit. {schema['description']}"


_TYPES = {
    "array": "a list: lines that start with a hyphen",
    "boolean": "true or false",
    "integer": "a whole number without quotes",
    "object": "a mapping: lines with `name: value`",
    "string": "text; write it between quotes",
    "['string', 'object']": "the slug of a recipient, or a mapping with recipient and categories",
}


def _unknown(
    instance: Mapping[str, Any], *, known: Mapping[str, Any]
) -> Iterator[tuple[Place, str]]:
    for name in instance:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            advice = f"Did you mean `{close[0]}`?" if close else "Remove it."
            yield (name,), f"This name is not known here. {advice}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."
