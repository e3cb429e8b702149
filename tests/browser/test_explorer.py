"""The explorer of the log in a real browser: the chart, one line, the receipt and the key of a customer."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.browser.conftest import held
from tests.browser.test_pages import (
    CLIPPED,
    Opener,
    assert_axe_finds_nothing,
    fits,
)
from tests.processes.demo import RunningDemo

pytestmark = [pytest.mark.browser, pytest.mark.processes]

LOG = "/kantoor/logboek/"
OPENED = "document.querySelectorAll('details').forEach(part => part.open = true)"
PAINT = "part => [getComputedStyle(part).fill, getComputedStyle(part).stroke].join()"


@pytest.fixture
def open_page(
    browser: Browser, site: RunningDemo, customer: StorageState, officer: StorageState
) -> Iterator[Opener]:
    opener = Opener(browser, site.base, {"customer": customer, "officer": officer})
    yield opener
    opener.close()


def assert_good_for_all_eyes(page: Page) -> None:
    page.evaluate(OPENED)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert_axe_finds_nothing(page)
    page.set_viewport_size({"width": 320, "height": 800})
    assert fits(page)
    assert page.evaluate(CLIPPED) == []
    assert_axe_finds_nothing(page)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_one_line_is_good_for_all_eyes(open_page: Opener, language: str) -> None:
    page = open_page("officer", f"{LOG}?soort=consent.record.withdrawn")
    bad: list[str] = []
    page.on("console", lambda said: bad.append(said.text) if "Security" in said.text else None)
    if language == "en":
        page.get_by_role("button", name="English").click()
    page.locator("tbody[role=rowgroup] th a").first.click()
    page.wait_for_url(f"**{LOG}*-*/")

    assert page.locator("html").get_attribute("lang") == language
    assert page.get_by_role("heading", name="Regel" if language == "nl" else "Line").is_visible()
    assert_good_for_all_eyes(page)
    assert bad == []
    with page.expect_download() as downloaded:
        page.locator("a[download]").click()
    assert downloaded.value.suggested_filename.endswith(".tlog-proof")
    if language == "en":
        page.get_by_role("button", name="Nederlands").click()


def test_the_chart_is_painted_in_every_scheme(open_page: Opener) -> None:
    page = open_page("officer", LOG)
    bar, no = page.locator("rect.s1").last, page.locator("rect.s2").last

    in_light = bar.evaluate(PAINT)
    page.emulate_media(color_scheme="dark")
    in_dark = bar.evaluate(PAINT)
    assert bar.evaluate(PAINT) != no.evaluate(PAINT)
    page.emulate_media(forced_colors="active")

    assert len({in_light, in_dark, bar.evaluate(PAINT)}) == 3


def test_the_chart_and_its_numbers_are_printed(open_page: Opener) -> None:
    page = open_page("officer", LOG)

    page.emulate_media(media="print")

    assert page.locator("svg[role=img]").is_visible()
    assert page.locator(".table-days").is_visible()


def test_the_pages_of_the_log_lead_there_and_back_without_scripts(open_page: Opener) -> None:
    page = open_page("officer", f"{LOG}?soort=access.decision.made", scripts=False)
    first = page.locator("tbody[role=rowgroup] th").all_inner_texts()

    page.get_by_role("link", name="Oudere regels").click()
    assert page.locator("tbody[role=rowgroup] th").all_inner_texts() != first
    page.get_by_role("link", name="Nieuwere regels").click()

    assert page.locator("tbody[role=rowgroup] th").all_inner_texts() == first


def test_a_customer_takes_the_key(open_page: Opener, site: RunningDemo) -> None:
    held(site, "fresh", site.accounts["customers"][0])
    page = open_page("customer", "/wie-keek/")
    page.get_by_role("link", name="Uw sleutel om zelf na te gaan").click()

    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Sleutel downloaden").click()

    assert downloaded.value.suggested_filename == "sleutel-logboek.json"
    page.goto("/wie-keek/")
    assert page.get_by_text("haalde uw sleutel op om het logboek zelf na te gaan.").is_visible()


def test_a_receipt_is_good_for_all_eyes_and_offers_the_proof(open_page: Opener) -> None:
    page = open_page("customer", "/toestemmingen/droogteadvies/")
    for no in page.locator("input[type=radio][value=no]").all():
        no.check()
    page.get_by_role("button", name="Keuze opslaan").click()
    page.wait_for_url("**/bevestiging/**")

    page.get_by_role("link", name="Bewijs downloaden").or_(
        page.get_by_text("Wordt vastgelegd")
    ).first.wait_for()
    assert_good_for_all_eyes(page)
