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
LARGEST_FILE = 1024 * 1024  # characters
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
    if len(text) > LARGEST_FILE:
        raise _refused(file, f"The file has more than {LARGEST_FILE} characters. Shorten it.")
    document = _Document(text)
    try:
        content = document.read()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _refused(file, _yaml_reason(error), line=line) from error
    except yaml.YAMLError as error:  # characters that no YAML file may hold
        raise _refused(file, f"This is not YAML: {error}") from error
    return Source(file=file, content=content, lines=document.lines)


def schema_faults(source: Source) -> list[Fault]:
    """Return everything in which the file differs from the JSON Schema."""
    found = [
        source.fault((*error.absolute_path, *tail), reason)
        for error in _validator().iter_errors(source.content)
        for tail, reason in _explained(error)
    ]
    return list(dict.fromkeys(found))  # two rules can find the same thing missing


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_WHOLE_NUMBER = re.compile("0|-?[1-9][0-9]{0,8}")
_WORDS = {"true": True, "false": False, "null": None, "": None}


class _Document:
    """Builds the one document of a stream of YAML events, and remembers the lines."""

    def __init__(self, text: str) -> None:
        # The parser in C is a hundred times faster, but not every platform has it.
        loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=loader)
        self.lines: dict[Place, int] = {}

    def read(self) -> Any:
        next(self._events)  # the start of the stream
        first = next(self._events)
        if isinstance(first, yaml.StreamEndEvent):
            raise _unfit(first, "the file is empty; start from docs/catalogue.md")
        content = self._value(next(self._events), ())
        next(self._events)  # the end of the document
        last = next(self._events)
        if not isinstance(last, yaml.StreamEndEvent):
            raise _unfit(last, "a second document starts here; a catalogue is one document")
        return content

    def _value(self, event: yaml.Event, place: Place) -> Any:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _unfit(event, "anchors and aliases (& and *) are not used; write the text again")
        if getattr(event, "tag", None):
            raise _unfit(event, "tags (!) are not used here; write plain text")
        if len(place) > DEEPEST:
            raise _unfit(event, "this is nested too deeply")
        self.lines[place] = _mark(event).line + 1
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return [
                self._value(item, (*place, index))
                for index, item in enumerate(self._until(yaml.SequenceEndEvent))
            ]
        return self._mapping(place)

    def _mapping(self, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._until(yaml.MappingEndEvent):
            key = _scalar(event) if isinstance(event, yaml.ScalarEvent) else None
            if not isinstance(key, str):
                raise _unfit(event, "a key must be text; write it between quotes")
            if key in found:
                raise _unfit(event, f"'{key}' is here twice; keep one of them")
            found[key] = self._value(next(self._events), (*place, key))
        return found

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        while not isinstance(event := next(self._events), end):
            yield event


def _scalar(event: yaml.ScalarEvent) -> str | int | bool | None:
    """Return what a scalar says; only what stands there without quotes can be anything but text."""
    value: str = event.value
    if _UNPRINTABLE.search(value):
        raise _unfit(event, "this text holds a character that cannot be shown; remove it")
    is_plain = not event.style
    if is_plain and value in _WORDS:
        return _WORDS[value]
    return int(value) if is_plain and _WHOLE_NUMBER.fullmatch(value) else value


def _unfit(event: yaml.Event, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=_mark(event))


def _mark(event: yaml.Event) -> Any:
    return event.start_mark  # typed as one of two classes that look alike


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
