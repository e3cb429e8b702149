"""Nothing that anyone wrote becomes part of a page: neither our templates nor what is filled into them (T18)."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from accounts.identity import subject_context
from accounts.models import DataSubject, Passkey, Role, User
from accounts.operations.desk import open_customer
from accounts.vocabulary import OpeningReason
from audit import keyring
from audit.models import LogEntry
from consent.models import DataCategory, DataItem, HeldItem, NoticeVersion, Purpose
from consent.queries import register
from consent.queries.holdings import held_context
from tests import factories
from tests.accounts.steps import user_of
from tests.security.pages import Page
from tests.security.visits import taken_back
from tests.test_role_matrix import MATRIX, VISITORS, visitor

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

__all__ = ["visitor"]

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.*"))
PAGES = [path for path in TEMPLATES if path.suffix == ".html"]
APPS = ("accounts", "audit", "config", "consent")
# Drawn or written by us from what holds no markup; each place says so.
MAY_MARK_SAFE = {"accounts/wording.py", "config/process_log.py"}

PAYLOADS = (
    "<script data-kanarie>kanarie()</script>",
    "\"><img src=x onerror='kanarie()' data-kanarie>",
    "' onmouseover='kanarie()' data-kanarie='",
    "</title></textarea></style><svg onload=kanarie() data-kanarie>",
    '<a href="javascript:kanarie()" data-kanarie>',
    "{{ kanarie }}{% kanarie %}",
    "&lt;script data-kanarie&gt;",
)


def named(path: Path) -> str:
    return str(path.relative_to(settings.BASE_DIR))


def source_files() -> Iterator[Path]:
    for app in APPS:
        yield from sorted((settings.BASE_DIR / app).rglob("*.py"))


class TestTemplates:
    @pytest.mark.parametrize("path", PAGES, ids=named)
    def test_trust_nothing_and_hold_nothing_inline(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")

        assert not re.search(r"\|\s*safe(seq)?\b|autoescape\s+off|\|\s*escapejs", text)
        # Tags of the template out of the way: what is left is read as a browser would.
        page = Page(re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", text, flags=re.DOTALL))
        for tag, told in page.tags:
            # A letter is printed and never served: one file, with its style in it.
            allowed = {"style"} if path.parent.name == "letters" else set()
            assert (
                tag not in {"style", "iframe", "object", "embed", "base", "meta-refresh"} - allowed
            )
            assert "style" not in told, (tag, told)
            assert not [name for name in told if name.startswith("on")], (tag, told)
            assert tag != "script" or "src" in told, told
            assert told.get("target") != "_blank", told
            assert not any(it.lower().startswith(("javascript:", "http:")) for it in told.values())

    def test_escape_nothing_only_in_mail_of_plain_text(self) -> None:
        open_ones = [path for path in TEMPLATES if "autoescape off" in path.read_text("utf-8")]

        assert open_ones
        assert {path.suffix for path in open_ones} == {".txt"}
        assert {path.parent.name for path in open_ones} == {"email"}

    def test_are_filled_from_code_that_trusts_nothing_either(self) -> None:
        trusting = {
            named(path)
            for path in source_files()
            if re.search(r"\b(mark_safe|SafeText|html_safe)\(", path.read_text(encoding="utf-8"))
        }

        assert trusting <= MAY_MARK_SAFE

    def test_are_never_made_of_what_was_sent(self) -> None:
        """A template that is made while running could be made of what a person wrote."""
        making = re.compile(r"\bTemplate\(|from_string\(|\beval\(|\bexec\(|pickle|yaml\.load\(")
        found = {
            named(path)
            for path in source_files()
            for line in path.read_text(encoding="utf-8").splitlines()
            if making.search(line) and "SafeLoader" not in line and "safe loaders" not in line
        }

        assert found <= {"consent/catalogue_file.py"}


def with_payload(value: Any) -> Any:
    """Return the same value with markup behind every text in it."""
    if isinstance(value, dict):
        return {key: with_payload(one) for key, one in value.items()}
    if isinstance(value, list):
        return [with_payload(one) for one in value]
    return value + "".join(PAYLOADS) if isinstance(value, str) else value


def fill_register() -> None:
    """Put markup into every text that an organisation writes about itself and what it does."""
    for model in apps.get_models():
        fields = {one.name for one in model._meta.fields if isinstance(one, models.JSONField)} & {
            "texts",
            "contact",
        }
        if model is NoticeVersion or not fields:
            continue
        for row in model._default_manager.all():
            for name in fields:
                setattr(row, name, with_payload(getattr(row, name)))
            row.save()
    for notice in list(NoticeVersion.objects.all()):  # a version never changes; this is the next
        NoticeVersion.objects.create(
            purpose=notice.purpose,
            number=notice.number + 1,
            texts=with_payload(notice.texts),
            digest="f" * 64,
            published_at=factories.NOW,
        )
    register.forget()


def fill_sealed(subject: DataSubject, name: str) -> None:
    sealed = keyring.seal(
        key=subject.key,
        plaintext="".join(PAYLOADS).encode(),
        context=subject_context(subject.id, name),
    )
    setattr(subject, f"{name}_sealed", sealed)
    subject.save()


def fill_person(subject: DataSubject, item: DataItem) -> None:
    """Put markup into everything that is sealed for a person and shown again."""
    everything = "".join(PAYLOADS)
    fill_sealed(subject, "name")
    row = HeldItem(
        subject=subject, item=item, source_id=item.source_id, obtained_on=factories.NOW.date()
    )
    row.value_sealed = keyring.seal(
        key=subject.key, plaintext=everything.encode(), context=held_context(row.id)
    )
    row.save()


def name_passkey(user: User) -> None:
    passkey = Passkey(
        user=user,
        confirmed=True,
        credential_id=b"kanarie",
        public_key=b"kanarie",
        transports=[],
    )
    passkey.keep_name("".join(PAYLOADS), at=factories.NOW)
    Passkey.objects.bulk_create([passkey])


def faults_of(html: str) -> list[tuple[str, object]]:
    """Return the tags that are none of ours, or do something."""
    found: list[tuple[str, object]] = []
    for tag, told in Page(html).tags:
        is_foreign = "data-kanarie" in told or any(name.startswith("on") for name in told)
        is_ours = tag != "script" or told.get("src", "").startswith("/static/")
        runs = any(
            told.get(name, "").strip().lower().startswith(("javascript:", "data:text", "vbscript:"))
            for name in ("href", "src", "action", "formaction")
        )
        if is_foreign or not is_ours or runs:
            found.append((tag, told))
    return found


@pytest.mark.django_db
class TestStoredTexts:
    @pytest.fixture(autouse=True)
    def _hostile(self, anna: DataSubject, leak_warning: Purpose, usage: DataCategory) -> None:
        item = factories.make_item(usage, "kanarie")
        fill_register()
        fill_person(anna, item)

    @pytest.mark.parametrize("who", VISITORS)
    def test_stay_text_on_every_page(
        self, visitor: Callable[[str], Client], anna: DataSubject, who: str
    ) -> None:
        client = visitor(who)
        fill_sealed(anna, "reference")  # the desk just typed the real one
        for name, row in MATRIX.items():
            address = reverse(name, args=row.arguments)
            with taken_back(client):
                for answer in (client.get(address), client.post(address, row.form, follow=True)):
                    assert faults_of(html_of(answer)) == [], name

    @pytest.mark.parametrize("name", ["home", "my-data", "my-choices", "purpose", "privacy"])
    def test_are_there_to_be_read(self, visitor: Callable[[str], Client], name: str) -> None:
        """The search looks at pages that do hold them."""
        address = reverse(name, args=MATRIX[name].arguments)

        assert "&lt;script data-kanarie&gt;" in html_of(visitor("customer").get(address))

    def test_stay_text_in_the_name_of_a_passkey(
        self, visitor: Callable[[str], Client], anna: DataSubject
    ) -> None:
        client = visitor("customer")
        name_passkey(user_of(anna))

        html = html_of(client.get("/beveiliging/passkeys/"))

        assert "&lt;script data-kanarie&gt;" in html
        assert faults_of(html) == []

    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_stay_text_in_what_the_desk_writes(
        self, visitor: Callable[[str], Client], anna: DataSubject, carla: User, payload: str
    ) -> None:
        """An employee writes why he looks; the customer reads it, and an officer does."""
        employee = factories.make_user("desk@voorbeeld.example", role=Role.DESK)
        open_customer(
            employee=employee,
            reference="VW-0000001",
            reason=next(iter(OpeningReason)),
            note=payload,
            at=timezone.now(),
        )
        entry = LogEntry.objects.latest("pk")

        pages = [
            html_of(visitor("customer").get("/wie-keek/")),
            html_of(visitor("officer").get(f"/kantoor/logboek/{entry.uid}/")),
        ]

        for html in pages:
            assert escape(payload) in html
            assert faults_of(html) == []


def html_of(answer: "Answer") -> str:
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    return answer.content.decode() if is_page and not answer.streaming else ""


@pytest.mark.django_db
class TestSentTexts:
    @pytest.mark.parametrize("payload", PAYLOADS)
    @pytest.mark.parametrize("name", ["log-in", "log", "check-proof", "who-looked", "my-choices"])
    def test_stay_text_in_the_answer(
        self, visitor: Callable[[str], Client], name: str, payload: str
    ) -> None:
        who = "officer" if name == "log" else "anonymous" if name == "log-in" else "customer"
        client, address = visitor(who), reverse(name)
        page = client.get(address)
        fields = {one for form in Page(html_of(page)).forms for one in (*form.given, *form.written)}
        fields |= {"next", "soort", "voor", "klant", "doel"}
        sent = dict.fromkeys(fields, payload)

        answers = [
            client.get(address, sent),
            client.post(address, sent),
            client.get(f"{address}{payload}"),
            client.get(address, headers={"User-Agent": payload, "Referer": payload}),
        ]

        for answer in answers:
            assert faults_of(html_of(answer)) == []


def test_the_search_finds_markup() -> None:
    for payload in PAYLOADS[:5]:
        assert faults_of(f"<p title='{payload}'>{payload}</p>"), payload
