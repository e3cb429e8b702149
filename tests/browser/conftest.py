"""A real Chromium before the demo as a user starts it: its own process, its own data, what every visitor gets."""

import time
from base64 import b32decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from accounts import totp
from tests.processes.databases import fresh_environment, python, said
from tests.processes.demo import RunningDemo, running_demo
from tests.run import find_browser

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 180_000  # milliseconds; ends what hangs, and nothing that is merely slow


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = find_browser()
    assert found, "There is no Chromium. Install it: apt install chromium fonts-noto-core"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """One demo for all tests that only look, or that choose for a purpose of their own."""
    folder: Path = tmp_path_factory.mktemp("demo")
    with (
        fresh_environment(folder) as environment,
        running_demo(folder=folder, environment=environment) as demo,
    ):
        yield demo


@pytest.fixture(scope="session")
def customer(browser: Browser, site: RunningDemo) -> StorageState:
    """Someone with a past, after both factors."""
    return _log_in(browser, site, site.accounts["customers"][0])


@pytest.fixture(scope="session")
def officer(browser: Browser, site: RunningDemo) -> StorageState:
    return _log_in(browser, site, site.accounts["officer"])


@pytest.fixture(scope="session")
def desk(browser: Browser, site: RunningDemo) -> StorageState:
    return _log_in(browser, site, site.accounts["desk"])


@pytest.fixture(scope="session")
def newcomer(browser: Browser, site: RunningDemo) -> StorageState:
    """Someone who never chose anything, after setting up both factors."""
    person = site.accounts["notEnrolled"][0]
    with browser.new_context(base_url=site.base, locale="nl-NL") as context:
        page = _first_factor(context, person)
        page.wait_for_url("**/inloggen/instellen/**")
        secret = "".join(page.locator("dd.mono").inner_text().split())
        page.fill("input[name=code]", code_now(secret))
        page.get_by_role("button", name="Verder").click()
        page.fill("input[name=code]", page.locator("main ul.values li").first.inner_text())
        page.get_by_role("button", name="Verder").click()
        page.wait_for_url("**/mijn-gegevens/**")
        return context.storage_state()


def code_now(secret: str) -> str:
    return totp.code_at(b32decode(secret), totp.step_at(time.time()))


def held(site: RunningDemo, act: str, person: dict[str, str], *more: str) -> float:
    """Change the sessions of a person as `held_session` can, and return how many seconds are left."""
    module = "tests.browser.held_session"
    process = python("-m", module, act, person["email"], *more, environment=site.environment)
    return float(said(process))


def _log_in(browser: Browser, site: RunningDemo, person: dict[str, str]) -> StorageState:
    with browser.new_context(base_url=site.base, locale="nl-NL") as context:
        page = _first_factor(context, person)
        page.wait_for_url("**/inloggen/code/**")
        page.fill("input[name=code]", code_now(person["totpSecret"]))
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url(lambda url: "/inloggen/" not in url)
        return context.storage_state()


def _first_factor(context: BrowserContext, person: dict[str, str]) -> Page:
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/inloggen/")
    page.fill("input[name=email]", person["email"])
    page.fill("input[name=password]", person["password"])
    page.locator("main form button[type=submit]").first.click()
    return page
