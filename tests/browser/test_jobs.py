"""Work that takes a while in a real browser: seen to go on, stopped, and downloaded, with scripts and without."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser import conftest as sessions
from tests.browser.conftest import PATIENCE
from tests.browser.test_pages import CLIPPED, Opener, assert_axe_finds_nothing, fits
from tests.processes.databases import python, said
from tests.processes.demo import RunningDemo

pytestmark = [pytest.mark.browser, pytest.mark.processes]

LOG = "/kantoor/logboek/?antwoord=refused"


@pytest.fixture
def opener(browser: Browser, site: RunningDemo, officer: StorageState) -> Iterator[Opener]:
    sessions.held(site, "fresh", site.accounts["officer"])  # the suite may be long under way
    opener = Opener(browser, site.base, {"officer": officer})
    yield opener
    opener.close()


def held(site: RunningDemo, *arguments: str) -> str:
    held_job = "tests.browser.held_job"
    return said(python("-m", held_job, *arguments, environment=site.environment))


def assert_for_all(page: Page) -> None:
    """Axe in light and dark, and a small screen."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        assert_axe_finds_nothing(page)
    page.set_viewport_size({"width": 320, "height": 800})
    assert fits(page)
    assert page.evaluate(CLIPPED) == []
    page.set_viewport_size({"width": 1280, "height": 800})


def test_progress_is_seen_and_said_and_can_be_stopped(opener: Opener, site: RunningDemo) -> None:
    job = held(site, "hold")
    page = opener("officer", f"/kantoor/opdrachten/{job}/")
    page.get_by_role("button", name="Stoppen").focus()
    page.evaluate("window.isTheSame = true")
    assert_for_all(page)
    other = opener("officer", f"/kantoor/opdrachten/{job}/", scripts=False)
    assert "100 van 1.000 regels (10%)" in other.locator("#stand").inner_text()

    held(site, "move", job, "550")

    progress = page.get_by_role("progressbar", name="Bezig")
    expect(progress).to_have_js_property("value", 55, timeout=PATIENCE)
    expect(page.locator("#gezegd")).to_have_text("Bezig: 50% is klaar.")
    assert "550 van 1.000 regels (55%). Nog" in page.locator("#stand").inner_text()
    assert page.evaluate("window.isTheSame")
    assert page.evaluate("document.activeElement.innerText") == "Stoppen"

    other.get_by_role("link", name="Vernieuwen").click()
    assert "550 van 1.000 regels (55%)" in other.locator("#stand").inner_text()
    other.get_by_role("button", name="Stoppen").click()
    other.get_by_role("heading", name="Gestopt").wait_for()
    # The first page finds out by itself, and then asks no more.
    page.get_by_role("heading", name="Gestopt").wait_for()
    assert page.locator("[hx-get], script[src*=htmx]").count() == 0
    assert_for_all(page)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_an_export_is_asked_for_made_and_downloaded(
    opener: Opener, tmp_path: Path, *, scripts: bool
) -> None:
    page = opener("officer", LOG, scripts=scripts)
    page.get_by_role("link", name="Exporteren").click()
    page.locator("button[value=selection]").click()
    page.wait_for_url("**/kantoor/opdrachten/**")
    while not scripts and page.get_by_role("link", name="Vernieuwen").count():
        page.get_by_role("link", name="Vernieuwen").click()
    page.get_by_role("heading", name="Uw export is klaar").wait_for()
    assert "Antwoord" in page.locator("main").inner_text()
    if scripts:
        assert_for_all(page)

    with page.expect_download() as download:
        page.get_by_role("button", name="Downloaden").click()

    download.value.save_as(tmp_path / "export.zip")
    with ZipFile(tmp_path / "export.zip") as packed:
        assert packed.testzip() is None
        assert any(name.endswith("/manifest.json") for name in packed.namelist())
    page.goto("/kantoor/exports/")
    assert page.get_by_role("link", name="Export van een selectie").count() >= 1
