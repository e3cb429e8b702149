"""What a page holds: its forms, as a browser would fill them in, and its links."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

# A browser sends these as they are; in anything else a person can write.
_AS_IT_IS = {"hidden", "radio", "checkbox", "submit", "button", "file"}


@dataclass(slots=True)
class Form:
    action: str
    method: str
    given: dict[str, str] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """Read a page once: every tag, every form and every address in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Mapping[str, str]]] = []
        self.forms: list[Form] = []
        self._select = ""
        self.feed(html)

    @property
    def addresses(self) -> list[str]:
        return [
            told[name]
            for _, told in self.tags
            for name in ("href", "src", "action")
            if name in told
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.tags.append((tag, told))
        if tag == "form":
            self.forms.append(Form(told.get("action", ""), told.get("method", "get").lower()))
        elif tag == "select":
            self._select = told.get("name", "")
        elif tag == "option" and self._select:
            self._give(self._select, told.get("value", ""))
        elif tag in {"input", "textarea", "button"} and told.get("name"):
            self._field(tag, told)

    def _field(self, tag: str, told: Mapping[str, str]) -> None:
        kind = told.get("type", "submit" if tag == "button" else "text")
        if kind in _AS_IT_IS:
            self._give(told["name"], told.get("value", "on"))
        elif self.forms:
            self.forms[-1].written.append(told["name"])

    def _give(self, name: str, value: str) -> None:
        if self.forms:
            self.forms[-1].given.setdefault(name, value)
