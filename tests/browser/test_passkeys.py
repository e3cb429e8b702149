"""Passkeys in a real browser, with the authenticator that Chromium has for tests, on a telephone and a large screen."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.browser.conftest import PATIENCE, code_now
from tests.browser.test_pages import CLIPPED, assert_axe_finds_nothing, fits
from tests.processes.databases import A_BUSY_MACHINE, python
from tests.processes.demo import RunningDemo

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PASSWORD = "fiets lantaarn regenjas"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class Phone:
    """A page on a telephone, and the authenticator in that telephone."""

    page: Page
    chromium: CDPSession
    authenticator: str

    def knows_owner(self, *, is_right: bool) -> None:
        """Let the finger on it be that of its owner, or of somebody else."""
        self.chromium.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": self.authenticator, "isUserVerified": is_right},
        )

    def passkeys(self) -> int:
        found = self.chromium.send(
            "WebAuthn.getCredentials", {"authenticatorId": self.authenticator}
        )
        return len(found["credentials"])


@pytest.fixture
def context(browser: Browser, site: RunningDemo) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=here(site), locale="nl-NL", viewport={"width": 390, "height": 844}
    )
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def phone(context: BrowserContext) -> Phone:
    page = context.new_page()
    chromium = context.new_cdp_session(page)
    chromium.send("WebAuthn.enable")
    made = chromium.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return Phone(page=page, chromium=chromium, authenticator=made["authenticatorId"])


def here(site: RunningDemo) -> str:
    """Return where browsers give passkeys for the demo: an IP address is no name."""
    return site.base.replace("127.0.0.1", "localhost")


def give_password(page: Page, email: str, password: str) -> None:
    page.goto("/inloggen/")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.get_by_role("button", name="Verder").click()


def log_out(page: Page) -> None:
    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Uitloggen").locator("visible=true").click()
    page.wait_for_url(lambda url: url.rstrip("/").count("/") == 2)


def assert_for_all(page: Page) -> None:
    """Axe in light and dark on a telephone and a large screen; and it fits the smallest."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert_axe_finds_nothing(page)
    page.set_viewport_size({"width": 320, "height": 844})
    assert fits(page)
    assert page.evaluate(CLIPPED) == []
    page.set_viewport_size({"width": 390, "height": 844})


def use(page: Page) -> None:
    page.get_by_role("button", name="Inloggen met passkey").click()


def test_newcomer_makes_one_and_logs_in_with_it_and_nothing_else(
    site: RunningDemo, phone: Phone
) -> None:
    page, email = phone.page, "nieuwkomer@voorbeeld.example"
    arguments = ("--reference=VW-9000001", "--name=mevrouw N. Komer", f"--email={email}")
    adding = python("manage.py", "add_customer", *arguments, environment=site.environment)
    assert adding.communicate(PASSWORD, timeout=A_BUSY_MACHINE)[1] == ""
    give_password(page, email, PASSWORD)
    page.wait_for_url("**/inloggen/instellen/**")
    page.get_by_role("link", name="Een passkey maken").click()
    page.wait_for_url("**/inloggen/instellen/passkey/**")
    assert_for_all(page)

    phone.knows_owner(is_right=False)
    page.get_by_role("button", name="Een passkey maken").click()
    expect(page.locator("[data-told]")).to_contain_text("U bent gestopt")
    assert phone.passkeys() == 0
    phone.knows_owner(is_right=True)
    page.get_by_label("Naam voor deze passkey").fill("mijn telefoon")
    page.get_by_role("button", name="Een passkey maken").click()
    page.wait_for_url("**/herstelcodes/**")
    page.get_by_role("button", name="Laat mijn codes zien").click()
    page.fill("input[name=code]", page.locator("main ul.values li").first.inner_text())
    page.get_by_role("button", name="Verder").click()
    page.wait_for_url("**/mijn-gegevens/**")
    log_out(page)

    page.goto("/inloggen/")
    assert_for_all(page)
    use(page)
    page.wait_for_url("**/mijn-gegevens/**")
    page.goto("/wie-keek/")
    expect(page.locator("main")).to_contain_text("Met uw passkey.")
    log_out(page)

    give_password(page, email, PASSWORD)  # the second way: after the password
    page.wait_for_url("**/inloggen/code/**")
    assert page.locator("input[name=code]").count() == 0
    assert_for_all(page)
    use(page)
    page.wait_for_url("**/mijn-gegevens/**")


def test_customer_with_an_app_adds_names_and_removes_one(site: RunningDemo, phone: Phone) -> None:
    page, person = phone.page, site.accounts["customers"][5]
    give_password(page, person["email"], person["password"])
    page.wait_for_url("**/inloggen/code/**")
    page.fill("input[name=code]", code_now(person["totpSecret"]))
    page.get_by_role("button", name="Inloggen", exact=True).click()
    page.wait_for_url("**/mijn-gegevens/**")
    page.goto("/beveiliging/")
    page.get_by_role("link", name="Uw passkeys bekijken en veranderen").click()
    assert_for_all(page)
    page.get_by_role("link", name="Een passkey maken").click()
    assert_for_all(page)
    page.get_by_role("button", name="Een passkey maken").click()
    expect(page.get_by_role("heading", name="Passkey 1")).to_be_visible()
    assert_for_all(page)

    page.get_by_role("link", name="Een passkey maken").click()
    page.get_by_role("button", name="Een passkey maken").click()
    expect(page.locator("[data-told]")).to_have_text("Op dit apparaat hebt u al een passkey.")
    page.goto("/bevestigen/?next=/beveiliging/passkeys/")
    assert_for_all(page)
    page.get_by_role("button", name="Gebruik uw passkey").click()
    page.wait_for_url("**/beveiliging/passkeys/#inhoud")
    page.get_by_role("link", name="Naam veranderen").click()
    page.get_by_label("Naam voor deze passkey").fill("telefoon")
    assert_for_all(page)
    page.get_by_role("button", name="Opslaan").click()
    expect(page.get_by_role("heading", name="telefoon")).to_be_visible()
    log_out(page)
    give_password(page, person["email"], person["password"])
    page.wait_for_url("**/inloggen/code/**")
    assert page.locator("input[name=code]").count() == 1, "the app still works"
    assert_for_all(page)
    use(page)
    page.wait_for_url("**/mijn-gegevens/**")

    page.goto("/beveiliging/passkeys/")
    page.get_by_role("link", name="Verwijderen").click()
    assert_for_all(page)
    page.get_by_role("button", name="Passkey verwijderen").click()
    page.wait_for_url("**/inloggen/**")
    expect(page.locator("main")).to_contain_text("Uw passkey is verwijderd.")
    use(page)
    expect(page.get_by_role("alert")).to_contain_text("Deze passkey werkt hier niet.")
    assert_for_all(page)


def test_pages_offer_nothing_that_cannot_work(browser: Browser, site: RunningDemo) -> None:
    """Without scripts there are no passkeys, and a code is enough."""
    with browser.new_context(
        base_url=here(site), locale="nl-NL", java_script_enabled=False
    ) as context:
        page = context.new_page()
        page.goto("/inloggen/")
        assert page.get_by_role("button", name="Inloggen met passkey").count() == 0
        person = site.accounts["customers"][6]
        give_password(page, person["email"], person["password"])
        page.fill("input[name=code]", code_now(person["totpSecret"]))
        page.get_by_role("button", name="Inloggen", exact=True).click()
        page.goto("/beveiliging/passkeys/nieuw/")
        assert page.get_by_role("button", name="Een passkey maken").count() == 0
        expect(page.locator("main")).to_contain_text("Zet scripts aan")


def test_page_at_an_address_without_a_name_leads_to_the_one_that_has_one(
    browser: Browser, site: RunningDemo
) -> None:
    with browser.new_context(base_url=site.base, locale="nl-NL") as context:
        page = context.new_page()
        page.goto("/inloggen/")
        page.get_by_role("link", name=here(site)).click()
        page.wait_for_url(f"{here(site)}/inloggen/")
        expect(page.get_by_role("button", name="Inloggen met passkey")).to_be_visible()
