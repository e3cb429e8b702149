"""Every message is said in Dutch as well, in words that everyone understands, and nothing is left over."""

import ast
import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.core.management.utils import is_ignored_path
from django.template import Engine, Template
from django.template.base import Node
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.utils.translation import trim_whitespace

ROOT = settings.BASE_DIR
FOLDER = ROOT / "locale" / "nl" / "LC_MESSAGES"
APPS = ("accounts", "audit", "config", "consent")
Key = tuple[str, str]  # (context, message)
LONGEST_SENTENCE = 16  # words
FORBIDDEN = re.compile(
    r"\b(je|jij|jou|jouw|jullie|akkoord|optimaal|helaas|rechts|links|middels|teneinde|betreffende)\b",
    re.IGNORECASE,
)


@dataclass
class Entry:
    flags: str = ""
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.parts.get("msgctxt", ""), self.parts["msgid"]

    @property
    def dutch(self) -> list[str]:
        return [text for name, text in self.parts.items() if name.startswith("msgstr")]


def catalogue() -> list[Entry]:
    """Return the entries of the .po file, without its header."""
    entries, entry, name = [], Entry(), ""
    for line in [*(FOLDER / "django.po").read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("#,"):
            entry.flags = line
        elif line.startswith("#~"):
            entry.flags = "obsolete"
        elif match := re.match(r"(msg\w+(?:\[\d\])?) (.*)", line):
            name = match[1]
            entry.parts[name] = ast.literal_eval(match[2])
        elif line.startswith('"'):
            entry.parts[name] += ast.literal_eval(line)
        elif not line and (entry.parts or entry.flags):
            entries.append(entry)
            entry = Entry()
    return entries[1:]


def in_python() -> Iterator[Key]:
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                    yield from _called(call, call.func.id)


def _called(call: ast.Call, name: str) -> Iterator[Key]:
    texts = [
        argument.value
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    if name in {"pgettext", "pgettext_lazy"}:
        yield texts[0], texts[1]
    elif name in {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"} and texts:
        yield "", texts[0]


def in_templates() -> Iterator[Key]:
    engine = Engine.get_default()
    for path in sorted((ROOT / "templates").rglob("*.*")):
        template = Template(path.read_text(encoding="utf-8"), engine=engine)
        for node in nodes_of(template):
            if isinstance(node, TranslateNode):
                yield "", str(node.filter_expression.var.literal or node.filter_expression.var)
            if isinstance(node, BlockTranslateNode):
                message = node.render_token_list(node.singular)[0]
                yield "", trim_whitespace(message) if node.trimmed else message


def nodes_of(template: Template) -> list[Node]:
    return [
        node
        for kind in (TranslateNode, BlockTranslateNode)
        for node in template.nodelist.get_nodes_by_type(kind)
    ]


ENTRIES = catalogue()


def test_every_message_is_in_the_catalogue_and_nothing_else_is() -> None:
    known = {entry.key for entry in ENTRIES}
    used = {*in_python(), *in_templates()}

    assert used - known == set(), "run makemessages -l nl, translate, then compilemessages"
    assert known - used == set(), "these are no longer used"


def test_make_messages_only_touches_what_is_ours() -> None:
    [recipe] = re.findall(
        r"^\t(.* makemessages .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )

    for command in recipe.split("&&"):
        ignored = re.findall(r"--ignore '([^']+)'", command)
        assert is_ignored_path(".venv", ignored), command
        assert is_ignored_path("var", ignored), command
        assert not is_ignored_path("locale", ignored), command


class TestCatalogue:
    def test_says_every_message_in_dutch(self) -> None:
        for entry in ENTRIES:
            assert entry.flags in {"", "#, python-format"}, entry.key
            assert all(entry.dutch), entry.key
            assert len(entry.dutch) == (2 if "msgid_plural" in entry.parts else 1), entry.key

    def test_keeps_what_is_filled_in(self) -> None:
        for entry in ENTRIES:
            for text in entry.dutch:
                assert places(text) == places(entry.key[1]), entry.key

    def test_is_compiled(self) -> None:
        with (FOLDER / "django.mo").open("rb") as file:
            compiled = gettext.GNUTranslations(file)
        for entry in ENTRIES:
            context, message = entry.key
            if "msgid_plural" in entry.parts:
                found = compiled.ngettext(message, entry.parts["msgid_plural"], 1)
            elif context:
                found = compiled.pgettext(context, message)
            else:
                found = compiled.gettext(message)
            assert found == entry.dutch[0], entry.key

    def test_is_plain_and_formal(self) -> None:
        for entry in ENTRIES:
            for text in entry.dutch:
                assert not FORBIDDEN.search(text), text
                for sentence in re.split(r"[.?!:](?:\s|$)", text):
                    assert len(sentence.split()) <= LONGEST_SENTENCE, sentence


def places(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[sd]", text))
