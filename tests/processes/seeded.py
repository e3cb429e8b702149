"""The demo's people in a database, and someone among them who logs in, chooses and half sets up an app.

Prints as one line of JSON what nobody may read there, and keeps the database open until it is told to
stop: what was written last is still in the write-ahead log then.
"""

import base64
import json
import os
import re
import sys
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import yaml  # noqa: E402
from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts import totp  # noqa: E402
from accounts.models import TotpDevice  # noqa: E402
from consent.demo import content  # noqa: E402
from consent.demo.people import PEOPLE_PATH, DemoAccount, demo_accounts  # noqa: E402

WRONG = "verkeerd-kanarie-wachtwoord"
UNKNOWN = "onbekend.kanarie@voorbeeld.example"
# Too short to be found in nothing but chance, or a text that the catalogue has too.
LONG_ENOUGH = 12


def main() -> None:
    content.load(keys_dir=settings.KEYS_DIR, at=timezone.now())
    accounts = demo_accounts()
    johanna = accounts[0]
    newcomer = next(account for account in accounts if account.totp_secret is None)
    browsers = [log_in(johanna), log_in(accounts[-1])]
    choose(browsers[0])
    codes, secret = set_up(newcomer, browsers)
    told = {
        "people": [facts(account) for account in accounts],
        "secrets": [account.totp_secret for account in accounts if account.totp_secret],
        "held": held(),
        "codes": codes,
        "secret": secret,
        "cookies": [one.cookies[settings.SESSION_COOKIE_NAME].value for one in browsers],
        "typed": [WRONG, UNKNOWN],
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.readline()


def facts(account: DemoAccount) -> dict[str, str]:
    return {
        "email": account.email,
        "name": account.name,
        "reference": account.reference,
        "password": account.password,
    }


def held() -> list[str]:
    """Return the values that are held of people, such as addresses and bank numbers."""
    texts = " ".join(content.CATALOGUE.read_text(encoding="utf-8").lower().split())
    people: Any = yaml.safe_load(PEOPLE_PATH.read_text(encoding="utf-8"))["people"]
    values = {str(value) for person in people for _, value, _ in person["held"]}
    return sorted(it for it in values if len(it) >= LONG_ENOUGH and it.lower() not in texts)


def browser() -> Client:
    return Client(headers={"Host": "localhost"})


def log_in(account: DemoAccount) -> Client:
    client = browser()
    for email, password in ((UNKNOWN, WRONG), (account.email, WRONG)):
        client.post("/inloggen/", {"email": email, "password": password})
    client.post("/inloggen/", {"email": account.email, "password": account.password})
    secret = base64.b32decode(account.totp_secret or "")
    code = totp.code_at(secret, totp.step_at(time.time()))
    answer = client.post("/inloggen/code/", {"code": code})
    assert answer.status_code == 302, answer.content.decode()
    assert client.get("/", follow=True).wsgi_request.user.is_authenticated
    return client


def choose(client: Client) -> None:
    page = client.get("/toestemmingen/lekwaarschuwing/").content.decode()
    names = set(re.findall(r'name="(choice-[\w-]+)"', page))
    (notice,) = set(re.findall(r'name="notice" value="(\d+)"', page))
    answer = client.post(
        "/toestemmingen/lekwaarschuwing/", {"notice": notice, **dict.fromkeys(names, "yes")}
    )
    assert answer.status_code == 302, answer.content.decode()


def set_up(account: DemoAccount, browsers: list[Client]) -> tuple[list[str], str]:
    """Set up an app, and get recovery codes; another browser only begins to."""
    for client in (browser(), browser()):
        client.post("/inloggen/", {"email": account.email, "password": account.password})
        client.get("/inloggen/instellen/")
        browsers.append(client)
    device = TotpDevice.objects.filter(confirmed=False).latest("pk")
    secret = device.secret()
    code = totp.code_at(secret, totp.step_at(time.time()))
    page = browsers[-1].post("/inloggen/instellen/", {"code": code}, follow=True)
    codes = re.findall(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b", page.content.decode())
    assert len(codes) == 10
    return codes, base64.b32encode(secret).decode()


if __name__ == "__main__":
    main()
