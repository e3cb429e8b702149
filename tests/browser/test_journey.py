"""The whole story, in a real browser against the real product: see, choose, ask, withdraw, look back, prove."""

import base64
import subprocess
import sys
import time
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from accounts.totp import code_at, step_at
from tests.browser.conftest import PATIENCE
from tests.processes.databases import A_BUSY_MACHINE, ROOT, fresh_environment
from tests.processes.demo import running_demo
from tests.processes.service import Service

pytestmark = [pytest.mark.browser, pytest.mark.processes]

LINES = """part => {
  const text = document.createRange();
  text.selectNodeContents(part);
  return text.getClientRects().length;
}"""
EVERY = 500  # milliseconds between two looks
LEAK = "/toestemmingen/lekwaarschuwing/"


def code_now(secret: str) -> str:
    return code_at(base64.b32decode(secret), step_at(time.time()))


def submit(page: Page) -> None:
    page.locator("main button[type=submit]").first.click()


def give_password(page: Page, account: dict[str, str]) -> None:
    page.goto("/inloggen/")
    page.fill("input[name=email]", account["email"])
    page.fill("input[name=password]", account["password"])
    submit(page)


def enrol(page: Page, account: dict[str, str]) -> None:
    """Set up the second step as a newcomer does: type the secret over, give a code, keep the recovery codes."""
    give_password(page, account)
    page.wait_for_url("**/inloggen/instellen/**")
    assert page.locator("main svg").count() >= 1  # the QR code
    key = page.locator("dd.mono")
    page.set_viewport_size({"width": 390, "height": 800})
    assert key.evaluate(LINES) == 1, "on a telephone too"
    assert (page.locator("a[href^='otpauth:']").get_attribute("href") or "").count("secret=") == 1
    secret = "".join(key.inner_text().split())
    page.fill("input[name=code]", code_now(secret))
    submit(page)
    codes = page.locator("main ul.values li")
    codes.first.wait_for()
    assert codes.count() == 10
    page.fill("input[name=code]", codes.nth(6).inner_text())
    submit(page)
    page.wait_for_url("**/mijn-gegevens/**")


def log_in(page: Page, account: dict[str, str]) -> None:
    give_password(page, account)
    page.wait_for_url("**/inloggen/code/**")
    page.fill("input[name=code]", code_now(account["totpSecret"]))
    submit(page)


def choose(page: Page, answer: str) -> str:
    """Answer both questions the same way and return the number of the confirmation."""
    page.goto(LEAK)
    for category in ("usage", "household"):
        page.locator(f"input[name=choice-{category}][value={answer}]").check()
    page.get_by_role("button", name="Keuze opslaan").click()
    page.wait_for_url("**/bevestiging/**")
    return page.url.split("#")[0].rstrip("/").rsplit("/", 1)[-1]


def look_back(page: Page) -> str:
    page.goto("/wie-keek/")
    return page.locator("main").inner_text()


def proof_of_the_newest_line(page: Page, folder: Path) -> Path:
    """Download a proof as soon as a signed head covers the newest line."""
    for _ in range(PATIENCE // EVERY):  # the worker signs every two seconds
        if "Wordt vastgelegd" not in look_back(page):
            break
        page.wait_for_timeout(EVERY)
    newest = page.locator(".timeline > li").first
    with page.expect_download() as download:
        newest.get_by_role("link", name="Bewijs downloaden").first.click()
    proof = folder / "bewijs.json"
    download.value.save_as(proof)
    return proof


def checked(page: Page, proof: Path) -> str:
    page.goto("/log/controleren/")
    page.set_input_files("input[name=bestand]", proof)
    page.get_by_role("button", name="Controleren").click()
    page.locator("#fouten").wait_for()
    return page.locator("main").inner_text()


def ended(page: Page, heading: str, *, javascript: bool) -> None:
    """Wait for a job; without scripts, by loading its page again as a person would."""
    page.wait_for_url("**/kantoor/opdrachten/**")
    found = page.get_by_role("heading", name=heading)
    while not javascript and found.count() == 0:
        page.wait_for_timeout(EVERY)
        page.goto(page.url)
    found.wait_for()


def unpacked_download(page: Page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name="Downloaden").click()
    packed = folder.with_suffix(".zip")
    download.value.save_as(packed)
    with ZipFile(packed) as archive:
        archive.extractall(folder)
    (only,) = folder.iterdir()
    return only


def verify(export: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-I", "audit/verify.py", str(export)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=A_BUSY_MACHINE,
        check=False,
    )


def visitor(browser: Browser, base: str, **options: object) -> BrowserContext:
    context = browser.new_context(base_url=base, locale="nl-NL", **options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    return context


@pytest.mark.parametrize("javascript", [True, False], ids=["with-script", "without-script"])
def test_the_whole_loop(browser: Browser, tmp_path: Path, *, javascript: bool) -> None:
    with (
        fresh_environment(tmp_path / "data") as environment,
        running_demo(folder=tmp_path / "data", environment=environment) as demo,
    ):
        newcomer, officer = demo.accounts["notEnrolled"][0], demo.accounts["officer"]
        service = Service(demo, "lekdetectie")

        def asks() -> tuple[bool, str]:
            answer = service.ask(
                purpose="lekwaarschuwing", category="usage", reference=newcomer["reference"]
            )
            return answer["decision"], answer["context"]["reason"]

        with visitor(browser, demo.base, java_script_enabled=javascript) as customer:
            page = customer.new_page()
            enrol(page, newcomer)
            assert "Mijn gegevens" in page.locator("h1").inner_text()
            assert asks() == (False, "consent-missing")

            given = choose(page, "yes")
            assert given in page.locator("main").inner_text()
            assert asks() == (True, "consent-given")

            withdrawn = choose(page, "no")
            assert withdrawn != given
            assert asks() == (False, "consent-withdrawn")

            seen = look_back(page)
            assert "Tegengehouden" in seen
            assert seen.count("Waarschuwing bij een lek") >= 3
            assert page.goto(f"{LEAK}bevestiging/{given}/").status == 200  # type: ignore[union-attr]
            assert "Dit bewijs klopt" in checked(page, proof_of_the_newest_line(page, tmp_path))

        with visitor(browser, demo.base, java_script_enabled=javascript) as office:
            page = office.new_page()
            log_in(page, officer)
            page.wait_for_url("**/kantoor/logboek/**")
            page.locator("form[action$='/controle/'] button").click()
            ended(page, "Het logboek klopt", javascript=javascript)
            page.goto("/kantoor/logboek/")
            page.locator("button[name=inhoud][value=complete]").click()
            ended(page, "Uw export is klaar", javascript=javascript)
            export = unpacked_download(page, tmp_path / "export")

    sound = verify(export)
    assert sound.returncode == 0, sound.stdout + sound.stderr
    openings = export / "openings.ndjson"
    content = bytearray(openings.read_bytes())
    content[len(content) // 2] ^= 1
    openings.write_bytes(content)
    broken = verify(export)
    assert broken.returncode != 0
    assert "openings.ndjson, line" in broken.stdout + broken.stderr
