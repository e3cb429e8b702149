"""The end of a session, a fresh second factor and a hidden number, in a real browser: with scripts and without, by keyboard."""

import time
from base64 import b32decode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from accounts import totp
from tests.browser.conftest import _log_in, held
from tests.browser.test_pages import Opener, assert_axe_finds_nothing, fits
from tests.processes.demo import RunningDemo

pytestmark = [pytest.mark.browser, pytest.mark.processes]

COMES_BACK = "document.dispatchEvent(new Event('visibilitychange'))"  # as when one returns to a tab


@pytest.fixture(scope="module")
def person(site: RunningDemo) -> dict[str, str]:
    """Someone whom no other test logs in as."""
    found: dict[str, str] = site.accounts["customers"][1]
    return found


@pytest.fixture(scope="module")
def state(browser: Browser, site: RunningDemo, person: dict[str, str]) -> StorageState:
    return _log_in(browser, site, person)


@pytest.fixture
def opener(browser: Browser, site: RunningDemo, state: StorageState) -> Iterator[Opener]:
    opener = Opener(browser, site.base, {"person": state})
    yield opener
    opener.close()


def warned(site: RunningDemo, person: dict[str, str], page: Page) -> None:
    held(site, "end-in", person, "100")
    page.evaluate(COMES_BACK)
    dialog = page.get_by_role("dialog", name="U wordt bijna uitgelogd")
    expect(dialog).to_be_visible()
    box = dialog.bounding_box()
    assert box is not None
    assert box["width"] > 300


def test_a_warning_comes_and_the_session_goes_on_by_keyboard(
    opener: Opener, site: RunningDemo, person: dict[str, str]
) -> None:
    page = opener("person", "/wie-keek/", width=390)
    warned(site, person, page)
    assert_axe_finds_nothing(page)
    page.emulate_media(color_scheme="dark")
    assert_axe_finds_nothing(page)
    assert fits(page)
    assert page.evaluate("document.activeElement.innerText") == "Ingelogd blijven"

    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#sessie [role=status]")).to_contain_text("U blijft ingelogd tot")
    assert held(site, "look", person) > 1700


def test_a_warning_that_was_closed_stays_away_and_changes_nothing(
    opener: Opener, site: RunningDemo, person: dict[str, str]
) -> None:
    page = opener("person", "/wie-keek/")
    warned(site, person, page)

    page.keyboard.press("Escape")
    page.evaluate(COMES_BACK)

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert held(site, "look", person) < 101


def test_another_tab_that_goes_on_takes_the_warning_away(
    opener: Opener, site: RunningDemo, person: dict[str, str]
) -> None:
    page, other = opener("person", "/wie-keek/"), opener("person", "/toestemmingen/")
    warned(site, person, page)

    other.reload()
    page.evaluate(COMES_BACK)

    expect(page.get_by_role("dialog")).to_have_count(0)


def test_without_scripts_the_page_says_until_when_and_goes_on(
    opener: Opener, site: RunningDemo, person: dict[str, str]
) -> None:
    page = opener("person", "/wie-keek/", scripts=False)
    held(site, "end-in", person, "100")
    assert "U blijft ingelogd tot" in page.locator("#sessie").inner_text()

    page.get_by_role("button", name="Langer ingelogd blijven").click()

    expect(page.locator(".messages")).to_contain_text("U blijft ingelogd tot")
    assert held(site, "look", person) > 1700


def test_a_number_is_shown_and_hidden_after_a_minute(
    opener: Opener, site: RunningDemo, person: dict[str, str]
) -> None:
    page = opener.tab("person")
    page.clock.install()
    page.goto("/mijn-gegevens/")
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.get_by_role("button", name="Hele nummer tonen").first.click()
    value = page.locator("[data-value]")
    shown = value.inner_text()
    assert "•" not in shown
    assert_axe_finds_nothing(page)

    page.clock.run_for(61_000)

    expect(value).to_contain_text("•")
    expect(page.locator("[role=status][data-after]")).to_have_text("Het nummer is weer verborgen.")
    assert shown not in page.content()


def test_a_fresh_code_is_asked_for_by_keyboard_without_scripts(
    opener: Opener, site: RunningDemo, person: dict[str, str]
) -> None:
    page = opener("person", "/wie-keek/sleutel/", scripts=False, width=390)
    held(site, "stale", person)
    page.get_by_role("button", name="Sleutel downloaden").press("Enter")
    page.wait_for_url("**/bevestigen/**")
    assert "Druk daarna nog een keer op de knop" in page.locator("main").inner_text()
    assert fits(page)

    # The code of now may have been used to log in: the next one is good already.
    step = totp.step_at(time.time()) + 1
    page.locator("#id_code").press_sequentially(totp.code_at(b32decode(person["totpSecret"]), step))
    page.keyboard.press("Enter")

    page.wait_for_url("**/wie-keek/sleutel/**")
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Sleutel downloaden").press("Enter")
    assert downloaded.value.suggested_filename == "sleutel-logboek.json"


def test_the_end_leaves_nothing_on_the_screen(browser: Browser, site: RunningDemo) -> None:
    person = site.accounts["customers"][2]
    opener = Opener(browser, site.base, {"person": _log_in(browser, site, person)})
    page = opener("person", "/mijn-gegevens/")

    held(site, "end-in", person, "-1")
    page.evaluate(COMES_BACK)

    page.wait_for_url("**/inloggen/?next=**")
    expect(page.locator(".messages")).to_contain_text("u deed een tijdje niets")
    opener.close()
