"""Getting an account, and getting it back: on a telephone, with the keyboard, without scripts."""

import email
import re
import time
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE, code_now
from tests.browser.test_pages import assert_axe_finds_nothing
from tests.processes.demo import RunningDemo

pytestmark = [pytest.mark.browser, pytest.mark.processes]

MOST_TABS = 40
EVERY = 0.25  # seconds between two looks
PASSWORD = "kaneel onder de brug"
_CODE = re.compile(r'class="code">([0-9A-Z-]+)<')
_RECOVERY_CODE = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}")


@pytest.fixture
def phone(browser: Browser, site: RunningDemo) -> Iterator[Page]:
    """A telephone with a keyboard, on which scripts are off."""
    with browser.new_context(
        base_url=site.base,
        locale="nl-NL",
        viewport={"width": 390, "height": 800},
        java_script_enabled=False,
    ) as context:
        context.set_default_timeout(PATIENCE)
        yield context.new_page()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus, as who has no mouse does."""
    page.locator(selector).first.wait_for()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.locator(f":focus:is({selector})").count():
            return
    raise AssertionError(f"{selector} cannot be reached with the keyboard")


def fill_in(page: Page, **fields: str) -> None:
    """Type in each field and press Enter in the last one."""
    for name, text in fields.items():
        tab_to(page, f"main [name={name}]")
        page.keyboard.type(text)
    page.keyboard.press("Enter")


def press(page: Page, words: str) -> None:
    tab_to(page, f"main :is(button, a):text-is('{words}')")
    page.keyboard.press("Enter")


def sooner_or_later(look: Callable[[], str]) -> str:
    """Return what there is to see, as soon as there is: the worker comes by every five seconds."""
    for _ in range(int(PATIENCE / 1000 / EVERY)):
        if found := look():
            return found
        time.sleep(EVERY)
    raise AssertionError("it did not come")


def letter_about(reference: str, folder: Path) -> str:
    def look() -> str:
        for path in (folder / "letters").glob("*.html"):
            text = path.read_text(encoding="utf-8")
            if reference in text and (found := _CODE.search(unescape(text))):
                return found[1]
        return ""

    return sooner_or_later(look)


def link_to(address: str, site: RunningDemo) -> str:
    def look() -> str:
        for path in (site.folder / "mail").glob("*.log"):
            message = email.message_from_bytes(path.read_bytes())
            body = message.get_payload(decode=True)
            if message["To"] == address and isinstance(body, bytes):
                found = re.search(re.escape(site.base) + r"(/\S+)", body.decode())
                if found:
                    return found[1]
        return ""

    return sooner_or_later(look)


def set_up_an_app(page: Page) -> None:
    page.wait_for_url("**/inloggen/instellen/**")
    secret = "".join(page.locator("dd.mono").inner_text().split())
    fill_in(page, code=code_now(secret))
    page.get_by_role("heading", name="Uw herstelcodes").wait_for()
    shown = _RECOVERY_CODE.findall(page.locator("main").inner_text())
    fill_in(page, code=shown[0])  # one is typed back, as proof that they were kept
    page.wait_for_url("**/mijn-gegevens/**")


def test_a_customer_makes_an_account_with_a_letter(phone: Page, site: RunningDemo) -> None:
    person = site.accounts["withoutLogin"][0]
    address = "thomas@voorbeeld.example"
    phone.goto("/inloggen/")
    press(phone, "Ik heb nog geen account")
    phone.wait_for_url("**/activeren/")
    fill_in(phone, reference=person["reference"])
    phone.wait_for_url("**/activeren/gevraagd/**")
    assert "Als de gegevens kloppen, sturen we een brief." in phone.locator("main").inner_text()

    code = letter_about(person["reference"], site.folder)
    press(phone, "Ik heb de brief")
    phone.wait_for_url("**/activeren/code/")
    fill_in(phone, code=code, email=address, password="kort")
    phone.get_by_role("alert").wait_for()
    assert phone.title().startswith("Fout:")
    fill_in(phone, code=code, email="", password=PASSWORD)
    phone.wait_for_url("**/activeren/verstuurd/**")

    phone.goto(link_to(address, site))
    press(phone, "Mijn account maken")
    phone.wait_for_url("**/inloggen/")
    fill_in(phone, email=address, password=PASSWORD)
    set_up_an_app(phone)


def test_a_customer_who_lost_everything_but_the_password_sets_up_another_app(
    phone: Page, site: RunningDemo
) -> None:
    person = site.accounts["customers"][-1]
    phone.goto("/inloggen/")
    fill_in(phone, email=person["email"], password=person["password"])
    phone.wait_for_url("**/inloggen/code/**")
    press(phone, "Een code per post")
    phone.wait_for_url("**/inloggen/brief/**")
    press(phone, "Stuur mij een brief")
    phone.wait_for_url("**/inloggen/brief/code/**")

    fill_in(phone, code=letter_about(person["reference"], site.folder))
    set_up_an_app(phone)

    phone.goto("/wie-keek/")
    history = phone.locator("main").inner_text()
    assert "vroeg om een code per post" in history
    assert "gebruikte de code van onze brief" in history


def test_axe_finds_nothing_on_the_pages_behind_a_password_and_a_link(
    browser: Browser, site: RunningDemo
) -> None:
    person = site.accounts["customers"][-2]
    with browser.new_context(base_url=site.base, locale="nl-NL") as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto("/wachtwoord-vergeten/")
        page.fill("input[name=email]", person["email"])
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/gevraagd/**")
        page.goto(link_to(person["email"], site))
        assert page.locator("input[name=password]").count() == 1
        assert_axe_finds_nothing(page)

        page.goto("/inloggen/")
        page.fill("input[name=email]", person["email"])
        page.fill("input[name=password]", person["password"])
        page.locator("main form button[type=submit]").first.click()
        for url in ("/inloggen/brief/", "/inloggen/brief/code/", "/inloggen/herstelcode/"):
            page.goto(url)
            assert url in page.url
            assert_axe_finds_nothing(page)
