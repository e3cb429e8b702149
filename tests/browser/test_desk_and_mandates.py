"""The service desk and a mandate, on a telephone and without scripts: what one does, the other reads."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState, ViewportSize

from tests.browser.conftest import PATIENCE, code_now
from tests.processes.demo import RunningDemo

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PHONE: ViewportSize = {"width": 390, "height": 800}
CODE = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}")


@contextmanager
def phone(
    browser: Browser, site: RunningDemo, state: StorageState | None = None, *, scripts: bool = False
) -> Iterator[Page]:
    with browser.new_context(
        base_url=site.base,
        locale="nl-NL",
        viewport=PHONE,
        java_script_enabled=scripts,
        storage_state=state,
    ) as context:
        context.set_default_timeout(PATIENCE)
        yield context.new_page()


def log_in(page: Page, person: dict[str, str]) -> None:
    """Log in; each person here does so once, for a code counts once."""
    page.goto("/inloggen/")
    page.fill("input[name=email]", person["email"])
    page.fill("input[name=password]", person["password"])
    press(page)
    page.wait_for_url("**/inloggen/code/**")
    page.fill("input[name=code]", code_now(person["totpSecret"]))
    press(page)
    page.wait_for_url(lambda url: "/inloggen/" not in url)


def press(page: Page) -> None:
    page.locator("main form button[type=submit]").first.click()


def text(page: Page) -> str:
    return page.locator("main").inner_text()


def fits(page: Page) -> bool:
    return page.locator("body").evaluate("body => body.scrollWidth <= window.innerWidth") is True


def test_the_desk_writes_down_what_a_customer_says(
    browser: Browser, site: RunningDemo, desk: StorageState
) -> None:
    caller = site.accounts["customers"][3]
    with phone(browser, site, desk) as page:
        page.goto("/balie/")
        press(page)
        assert "Kies een reden" in page.locator("#fouten").inner_text()
        page.fill("#id_klant", caller["reference"])
        page.select_option("#id_reden", "called")
        page.fill("#id_toelichting", "Vraag over de watermeter")
        press(page)
        page.wait_for_url("**/balie/klant/**")
        assert caller["name"][1:] in text(page)  # it begins with a capital there
        page.goto("/balie/klant/vergelijking/")
        page.get_by_label("Per telefoon").check()
        for group in page.locator("input[value=no]").all():
            group.check()
        page.get_by_role("button", name="Opschrijven").click()
        page.wait_for_url("**/bevestiging/**")
        assert "De keuze is opgeslagen" in text(page)
        page.get_by_role("button", name="Deze klant sluiten").click()
        page.goto("/balie/klant/")
        assert page.url.split("#")[0].endswith("/balie/")

    with phone(browser, site) as page:
        log_in(page, caller)
        page.goto("/wie-keek/")
        read = text(page)
        assert "Een medewerker van onze klantenservice opende uw gegevens." in read
        assert "Reden: U belde ons. Vraag over de watermeter" in read
        assert "U zei het ons per telefoon." in read


def test_a_mandate_is_given_used_and_ended(browser: Browser, site: RunningDemo) -> None:
    giver, holder = site.accounts["customers"][4:6]
    with phone(browser, site) as hers, phone(browser, site) as his:
        log_in(hers, giver)
        log_in(his, holder)
        hers.goto("/machtigingen/geven/")
        hers.fill("#id_klant", holder["reference"])
        hers.select_option("#id_duur", "30")
        press(hers)
        found = CODE.search(text(hers))
        assert found

        his.goto("/machtigingen/accepteren/")
        his.fill("#id_code", found[0])
        press(his)
        his.get_by_role("button", name="Voor deze persoon handelen").first.click()
        his.wait_for_url("**/mijn-gegevens/**")
        banner = his.locator(".acting-note")
        assert giver["name"] in banner.inner_text()
        with phone(browser, site, his.context.storage_state(), scripts=True) as same:
            assert_no_barriers(same, "/mijn-gegevens/", "/toestemmingen/vergelijking/")
        his.goto("/beveiliging/")
        assert "Deze pagina is van uzelf" in text(his)
        his.goto("/toestemmingen/")
        assert banner.is_visible()

        hers.goto("/wie-keek/?soort=mensen")
        assert "bekeek uw gegevens" in text(hers)
        hers.goto("/machtigingen/")
        hers.get_by_role("button", name="Deze machtiging stoppen").first.click()
        assert "De machtiging is gestopt" in text(hers)

        his.goto("/toestemmingen/")
        assert "die machtiging is gestopt" in text(his)
        assert banner.count() == 0


def assert_no_barriers(page: Page, *addresses: str) -> None:
    for address in addresses:
        page.goto(address)
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert fits(page), (address, width)
            found = Axe().run(page, options={"resultTypes": ["violations"]})
            assert found.violations_count == 0, (address, width, found.generate_report())
    page.set_viewport_size(PHONE)


def test_the_pages_of_the_desk_have_no_barriers(
    browser: Browser, site: RunningDemo, desk: StorageState
) -> None:
    with phone(browser, site, desk, scripts=True) as page:
        assert_no_barriers(page, "/balie/")
        page.fill("#id_klant", site.accounts["customers"][6]["reference"])
        page.select_option("#id_reden", "wrote")
        page.fill("#id_toelichting", "Brief van vorige week")
        press(page)
        page.wait_for_url("**/balie/klant/**")
        assert_no_barriers(page, "/balie/", "/balie/klant/", "/balie/klant/vergelijking/")


def test_the_pages_of_mandates_have_no_barriers(
    browser: Browser, site: RunningDemo, officer: StorageState
) -> None:
    with phone(browser, site, scripts=True) as page:
        log_in(page, site.accounts["customers"][7])
        assert_no_barriers(
            page, "/machtigingen/", "/machtigingen/geven/", "/machtigingen/accepteren/"
        )
    with phone(browser, site, officer, scripts=True) as page:
        assert_no_barriers(page, "/kantoor/machtigingen/")
