"""Make the picture of the README from a running demo.

.venv/bin/python docs/images/make.py [--base http://127.0.0.1:8000] [--accounts var/demo/accounts.json] [--chromium /usr/bin/chromium]
"""

import argparse
import base64
import hmac
import json
import struct
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
PATIENCE = 180_000  # milliseconds


def code(secret: str) -> str:
    """Return what an authenticator app shows now (RFC 6238)."""
    digest = hmac.digest(
        base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), "sha1"
    )
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 1_000_000:06d}"


def log_in(page: Page, *, base: str, account: dict[str, str]) -> None:
    page.goto(f"{base}/inloggen/")
    page.fill("input[name=email]", account["email"])
    page.fill("input[name=password]", account["password"])
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/inloggen/code/**")
    page.fill("input[name=code]", code(account["totpSecret"]))
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/mijn-gegevens/**")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the picture of the README.")
    parser.add_argument("--base", default="http://127.0.0.1:8000")
    parser.add_argument("--accounts", type=Path, default=Path("var/demo/accounts.json"))
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    account = json.loads(options.accounts.read_text(encoding="utf-8"))["customers"][0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=["--headless=new", "--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, locale="nl-NL")
        page.set_default_timeout(PATIENCE)
        log_in(page, base=options.base, account=account)
        page.screenshot(path=HERE / "mijn-gegevens.png")
        browser.close()


if __name__ == "__main__":
    main()
