"""Logging in with a provider, against one in a process of its own that speaks OpenID Connect over HTTP."""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http import client as http
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core import mail
from django.test import Client
from django.utils import timezone
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pytest_django import Settings

from accounts import throttle
from accounts.identity import provider_index
from accounts.models import DataSubject, OidcIdentity, Role, User
from accounts.oidc import fetching, provider
from audit import queries as log
from audit.events import Actor, EventKind
from audit.models import LogEntry
from consent.models import Organisation
from consent.operations.notices import send_notices
from tests.accounts.steps import try_often, user_of
from tests.processes.databases import python
from tests.processes.provider import CLIENT_ID, CLIENT_SECRET, LEVEL
from tests.visitors import client_of, words

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

START, BACK = "/inloggen/extern/", "/inloggen/extern/terug/"
WAYS, CONFIRM = "/beveiliging/inlogmiddelen/", "/bevestigen/extern/"
SUB = "anna-bij-de-aanbieder"
LOW, HIGH = "http://eidas.europa.eu/LoA/low", "http://eidas.europa.eu/LoA/high"


@dataclass(frozen=True, slots=True)
class Running:
    """The provider, from outside."""

    address: str

    def control(self, **how: Any) -> None:
        self.send("POST", "/control", json.dumps(how))

    def send(self, method: str, path: str, body: str = "") -> http.HTTPResponse:
        connection = http.HTTPConnection(urlsplit(self.address).netloc, timeout=30)
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def asked(self) -> list[str]:
        found: list[str] = json.loads(self.send("GET", "/asked").body)  # type: ignore[attr-defined]
        return found

    def log_in(self, url: str) -> str:
        """Log in at the page that the browser was sent to; return where it is sent back to."""
        assert url.startswith(f"{self.address}/authorize?")
        parts = urlsplit(url)
        answer = self.send("GET", f"{parts.path}?{parts.query}")
        back = urlsplit(answer.headers["Location"])
        assert back.path == BACK
        return f"{back.path}?{back.query}"


@pytest.fixture(scope="module")
def process() -> Iterator[Running]:
    started = python("-m", "tests.processes.provider", environment={})
    assert started.stdout is not None
    yield Running(started.stdout.readline().strip())
    started.kill()
    started.communicate()


@pytest.fixture
def idp(process: Running, settings: Settings, organisation: Organisation) -> Iterator[Running]:
    """The provider, as it should be, and configured."""
    settings.OIDC_ISSUER, settings.OIDC_NAME = process.address, "Testbroker"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    process.control()
    provider.forget()
    yield process
    provider.forget()


@pytest.fixture
def linked(anna: DataSubject, idp: Running) -> User:
    """Anna, who linked the provider to her account."""
    link(user_of(anna), idp)
    return user_of(anna)


def link(user: User, idp: Running, sub: str = SUB) -> OidcIdentity:
    """Let the user have linked the provider some time ago."""
    found: OidcIdentity = OidcIdentity.objects.create(
        user=user,
        name="Testbroker",
        issuer=idp.address,
        subject_index=provider_index(idp.address, sub),
        linked_at=timezone.now(),
    )
    return found


def go(client: Client, idp: Running, query: str = "", start: str = START) -> "Answer":
    """Go to the provider, log in there and come back."""
    return client.get(idp.log_in(client.get(start + query).headers["Location"]))


def is_in(client: Client) -> bool:
    return client.get("/mijn-gegevens/").status_code == 200


def refusals() -> list[tuple[str, str]]:
    kept = log.EntryFilter(kind=EventKind.SIGN_IN_FAILED)
    return [
        (str((line.internal or {})["step"]), str((line.internal or {})["reason"]))
        for line in log.entries(filter=kept, before=None, limit=9)
    ]


@pytest.mark.usefixtures("linked")
class TestLoggingIn:
    def test_is_done_in_one_step(self, client: Client, idp: Running) -> None:
        answer = go(client, idp)

        assert answer.headers["Location"] == "/mijn-gegevens/#inhoud"
        assert is_in(client)

    def test_asks_for_no_more_than_who_it_is(self, client: Client, idp: Running) -> None:
        asked = parse_qs(urlsplit(client.get(START).headers["Location"]).query)

        assert asked["scope"] == ["openid"]
        assert asked["response_type"] == ["code"]
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["max_age"] == ["300"]
        assert asked["acr_values"] == [f"{LEVEL} {HIGH}"]
        assert asked["redirect_uri"] == [f"http://127.0.0.1:8000{BACK}"]
        assert all(len(asked[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))

    def test_leads_to_where_one_wanted_to_be(self, client: Client, idp: Running) -> None:
        answer = go(client, idp, "?" + urlencode({"next": "/wie-keek/"}))

        assert answer.headers["Location"] == "/wie-keek/#inhoud"

    @pytest.mark.parametrize("address", ["https://kwaad.example/", "//kwaad.example", "/kantoor/"])
    def test_leads_nowhere_else(self, client: Client, idp: Running, address: str) -> None:
        answer = go(client, idp, "?" + urlencode({"next": address}))

        assert answer.headers["Location"] == "/mijn-gegevens/#inhoud"

    def test_gives_the_session_another_key(self, client: Client, idp: Running) -> None:
        away = client.get(START).headers["Location"]
        before = client.cookies["session"].value

        client.get(idp.log_in(away))

        assert client.cookies["session"].value != before
        assert is_in(client)

    def test_is_a_line_in_the_log_and_remembered_with_the_identity(
        self, client: Client, idp: Running
    ) -> None:
        go(client, idp)

        said = words(client.get("/wie-keek/").text)
        assert "Een andere organisatie controleerde dat u het was." in said
        kept = log.EntryFilter(kind=EventKind.SIGNED_IN)
        (line,) = log.entries(filter=kept, before=None, limit=9)
        assert (line.actor, line.shown) == (Actor.DATA_SUBJECT, {"factor": "provider"})
        assert OidcIdentity.objects.get().last_used_at is not None

    @pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
    def test_takes_a_signature_of_each_kind_that_we_accept(
        self, client: Client, idp: Running, algorithm: str
    ) -> None:
        idp.control(alg=algorithm, header={"kid": None} if algorithm == "ES256" else {})
        if algorithm == "PS256":
            keys = json.loads(idp.send("GET", "/jwks").body)["keys"]  # type: ignore[attr-defined]
            del keys[0]["alg"]
            idp.control(alg=algorithm, jwks={"keys": keys[:2]})

        go(client, idp)

        assert is_in(client)

    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": [CLIENT_ID]},
            {"azp": CLIENT_ID},
            {"acr": HIGH},
            {"email": "bram@voorbeeld.example", "email_verified": True},
            {"name": "B. Bakker"},
        ],
    )
    def test_takes_a_token_that_says_more_than_it_needs(
        self, client: Client, idp: Running, claims: dict[str, Any]
    ) -> None:
        idp.control(claims=claims)

        go(client, idp)

        assert is_in(client)

    def test_keeps_for_whom_somebody_acts_as_a_hash_and_gives_no_rights_for_it(
        self, client: Client, idp: Running, bram: DataSubject
    ) -> None:
        idp.control(claims={"represents": {"sub": "bram-daar", "iss": "https://bvd.example"}})

        go(client, idp)

        kept = client.session["provider"]
        assert kept["represents"] == provider_index("https://bvd.example", "bram-daar")
        assert kept["acr"] == LEVEL
        assert "bram-daar" not in json.dumps(dict(client.session))
        assert "A. Jansen" in client.get("/mijn-gegevens/").text
        assert "Bakker" not in client.get("/mijn-gegevens/").text

    def test_may_prove_who_we_are_with_a_key(
        self, client: Client, idp: Running, settings: Settings
    ) -> None:
        for private, public in pairs():
            settings.OIDC_CLIENT_KEY, settings.OIDC_CLIENT_SECRET = private, ""
            idp.control(client_key=public)
            browser = Client()
            go(browser, idp)
            assert is_in(browser)

    def test_follows_new_keys_of_the_provider(self, client: Client, idp: Running) -> None:
        go(client, idp)
        idp.send("POST", "/rotate")
        with time_machine.travel(timezone.now() + timedelta(seconds=31), tick=True):
            browser = Client()
            idp.control(shift=dict.fromkeys(("iat", "auth_time"), 31) | {"exp": 331})
            go(browser, idp)
            assert is_in(browser)
            assert idp.asked().count("/jwks") == 1

    def test_does_not_ask_again_and_again_for_keys_that_are_not_there(
        self, client: Client, idp: Running
    ) -> None:
        go(client, idp)
        idp.control(header={"kid": "verzonnen"})

        for _time in range(3):
            go(Client(), idp)

        assert "/jwks" not in idp.asked()

    def test_asks_for_the_description_once_an_hour(self, client: Client, idp: Running) -> None:
        go(client, idp)
        go(Client(), idp)

        assert idp.asked().count("/.well-known/openid-configuration") == 1

    def test_is_not_offered_to_who_is_in(self, client: Client, idp: Running) -> None:
        go(client, idp)

        assert client.get(START).headers["Location"] == "/mijn-gegevens/"


def pairs() -> list[tuple[str, dict[str, Any]]]:
    """Return private keys as PEM, each with its public half as a JWK."""
    own_ec = ec.generate_private_key(ec.SECP256R1())
    own_rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return [
        (pem(own_ec), ECAlgorithm.to_jwk(own_ec.public_key(), as_dict=True)),
        (pem(own_rsa), RSAAlgorithm.to_jwk(own_rsa.public_key(), as_dict=True)),
    ]


def pem(key: Any) -> str:
    found: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return found.decode()


WRONG, TOO_LOW, NO_ANSWER = (
    "provider-answer-wrong",
    "provider-level-too-low",
    "provider-unreachable",
)
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "other iss": ({"claims": {"iss": "https://kwaad.example"}}, WRONG),
    "no iss": ({"claims": {"iss": None}}, WRONG),
    "other aud": ({"claims": {"aud": "iemand"}}, WRONG),
    "aud has others too": ({"claims": {"aud": [CLIENT_ID, "iemand"]}}, WRONG),
    "no aud": ({"claims": {"aud": None}}, WRONG),
    "other azp": ({"claims": {"azp": "iemand"}}, WRONG),
    "other nonce": ({"claims": {"nonce": "x"}}, WRONG),
    "nonce is a surrogate": ({"claims": {"nonce": "\ud800"}}, WRONG),
    "no nonce": ({"claims": {"nonce": None}}, WRONG),
    "no sub": ({"claims": {"sub": None}}, WRONG),
    "empty sub": ({"claims": {"sub": ""}}, WRONG),
    "long sub": ({"claims": {"sub": "x" * 256}}, WRONG),
    "sub is a number": ({"claims": {"sub": 7}}, WRONG),
    "expired": ({"shift": {"exp": -61}}, WRONG),
    "made long ago": ({"shift": {"iat": -700}}, WRONG),
    "from the future": ({"shift": {"iat": 120}}, WRONG),
    "not yet": ({"shift": {"nbf": 120}}, WRONG),
    "no exp": ({"claims": {"exp": None}}, WRONG),
    "no iat": ({"claims": {"iat": None}}, WRONG),
    "exp is a text": ({"claims": {"exp": "9999999999"}}, WRONG),
    "exp is true": ({"claims": {"exp": True}}, WRONG),
    "no auth_time": ({"claims": {"auth_time": None}}, WRONG),
    "logged in long ago": ({"shift": {"auth_time": -400}}, WRONG),
    "will log in": ({"shift": {"auth_time": 120}}, WRONG),
    "acr too low": ({"claims": {"acr": LOW}}, TOO_LOW),
    "acr unknown": ({"claims": {"acr": "https://kwaad.example/high"}}, TOO_LOW),
    "acr is a list": ({"claims": {"acr": [LEVEL]}}, TOO_LOW),
    "no acr": ({"claims": {"acr": None}}, TOO_LOW),
    "represents is a text": ({"claims": {"represents": "bram"}}, WRONG),
    "represents nobody": ({"claims": {"represents": {}}}, WRONG),
    "represents of no place": ({"claims": {"represents": {"sub": "x", "iss": 1}}}, WRONG),
    "alg none": ({"alg": "none"}, WRONG),
    "HS256 with our secret": ({"alg": "HS256"}, WRONG),
    "signed by a stranger": ({"alg": "stranger"}, WRONG),
    "unknown kid": ({"header": {"kid": "x"}}, WRONG),
    "kid of another kind": ({"alg": "RS256", "header": {"kid": "ec"}}, WRONG),
    "key in the header": ({"header": {"jwk": {"kty": "oct", "k": "eA"}, "kid": "x"}}, WRONG),
    "typ of an access token": ({"header": {"typ": "at+jwt"}}, WRONG),
    "too large": ({"claims": {"more": "x" * 16_400}}, WRONG),
    "not a token": ({"token": {"id_token": "x.y.z"}}, WRONG),
    "token is a number": ({"token": {"id_token": 7}}, WRONG),
    "no token": ({"token": {"id_token": None}}, WRONG),
    "no keys": ({"jwks": {}}, WRONG),
    "keys of nobody": ({"jwks": {"keys": []}}, WRONG),
    "keys that are none": ({"jwks": {"keys": [{"kty": "EC", "crv": "P-256"}]}}, WRONG),
    "answer of another provider": ({"answer": {"iss": "https://kwaad.example"}}, WRONG),
    "answer does not name itself": ({"answer": {"iss": None}}, WRONG),
    "another state": ({"answer": {"state": "x"}}, WRONG),
    "no state": ({"answer": {"state": None}}, WRONG),
    "no code": ({"answer": {"code": None}}, "provider-stopped"),
    "stopped": ({"answer": {"code": None, "error": "access_denied"}}, "provider-stopped"),
    "unknown code": ({"answer": {"code": "x"}}, NO_ANSWER),
    "keys moved": ({"tell": {"jwks": "moved"}}, NO_ANSWER),
    "keys broken": ({"tell": {"jwks": "broken"}}, NO_ANSWER),
    "huge token": ({"tell": {"token": "huge"}}, NO_ANSWER),
    "huge keys": ({"tell": {"jwks": "huge"}}, NO_ANSWER),
    "token moved": ({"tell": {"token": "moved"}}, NO_ANSWER),
    "token as a page": ({"tell": {"token": "html"}}, NO_ANSWER),
    "token is no JSON": ({"tell": {"token": "no JSON"}}, NO_ANSWER),
    "token is a list": ({"tell": {"token": "a list"}}, NO_ANSWER),
}


@pytest.mark.usefixtures("linked")
class TestBadAnswer:
    @pytest.mark.parametrize("how", BAD)
    def test_logs_nobody_in(self, client: Client, idp: Running, how: str) -> None:
        behaviour, reason = BAD[how]
        idp.control(**behaviour)

        answer = go(client, idp)

        assert answer.headers["Location"] == "/inloggen/#inhoud"
        assert not is_in(client)
        assert refusals() == [("provider", reason)]
        assert "callout--error" in client.get("/inloggen/").text

    @pytest.mark.parametrize("which", ["metadata", "token", "jwks"])
    def test_that_never_ends_is_cut_off(
        self, client: Client, idp: Running, monkeypatch: pytest.MonkeyPatch, which: str
    ) -> None:
        monkeypatch.setattr(fetching, "SECONDS", 0.4)
        if which == "metadata":
            idp.control(tell={which: "slow"})
            begun = time.monotonic()
            client.get(START)
        else:
            away = client.get(START).headers["Location"]
            idp.control(tell={which: "slow"})
            back = idp.log_in(away)
            begun = time.monotonic()
            client.get(back)

        assert time.monotonic() - begun < 3
        assert not is_in(client)
        assert refusals() == [("provider", NO_ANSWER)]

    @pytest.mark.parametrize(
        "metadata",
        [
            {"issuer": "https://kwaad.example"},
            {"issuer": None},
            {"token_endpoint": "http://kwaad.example/token"},
            {"token_endpoint": "ftp://127.0.0.1/token"},
            {"token_endpoint": "https://"},
            {"token_endpoint": "https://[::1/token"},
            {"authorization_endpoint": None},
            {"jwks_uri": 7},
            {"code_challenge_methods_supported": ["plain"]},
            {"code_challenge_methods_supported": "S256"},
        ],
    )
    def test_is_a_wrong_description(
        self, client: Client, idp: Running, metadata: dict[str, Any]
    ) -> None:
        idp.control(metadata=metadata)
        assert client.get(START).headers["Location"] == "/inloggen/#inhoud"
        assert refusals() == [("provider", WRONG)]

        idp.control()

        assert client.get(START).headers["Location"].startswith(idp.address)

    def test_is_none_at_all(self, client: Client, idp: Running, settings: Settings) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            settings.OIDC_ISSUER = f"http://127.0.0.1:{closed.getsockname()[1]}"
            answer = client.get(START)

        assert answer.headers["Location"] == "/inloggen/#inhoud"
        assert refusals() == [("provider", NO_ANSWER)]

    def test_may_describe_an_address_that_has_a_question_in_it_already(
        self, client: Client, idp: Running
    ) -> None:
        idp.control(
            metadata={
                "authorization_endpoint": f"{idp.address}/authorize?tenant=1",
                "authorization_response_iss_parameter_supported": None,
                "code_challenge_methods_supported": None,
            },
            answer={"iss": None},
        )

        go(client, idp)

        assert is_in(client)


@pytest.mark.usefixtures("linked")
class TestReplay:
    def test_of_an_answer_logs_nobody_in(self, client: Client, idp: Running) -> None:
        back = idp.log_in(client.get(START).headers["Location"])
        client.get(back)
        client.post("/uitloggen/")

        client.get(back)

        assert not is_in(client)

    def test_in_another_browser_logs_nobody_in(self, client: Client, idp: Running) -> None:
        """Whoever sends a victim such an address does not log the victim in as somebody else."""
        back = idp.log_in(client.get(START).headers["Location"])
        victim = Client()

        assert victim.get(back).headers["Location"] == "/inloggen/#inhoud"

        assert not is_in(victim)
        assert refusals() == []

    def test_of_a_code_of_another_log_in_logs_nobody_in(self, client: Client, idp: Running) -> None:
        """A code that was swapped was made for another verifier and another nonce."""
        stolen = parse_qs(urlsplit(idp.log_in(Client().get(START).headers["Location"])).query)
        own = idp.log_in(client.get(START).headers["Location"])
        parts = parse_qs(urlsplit(own).query)
        mixed = {"code": stolen["code"][0], "state": parts["state"][0], "iss": parts["iss"][0]}

        client.get(f"{BACK}?{urlencode(mixed)}")

        assert not is_in(client)
        assert refusals() == [("provider", NO_ANSWER)]

    def test_after_a_wrong_state_does_not_help(self, client: Client, idp: Running) -> None:
        back = idp.log_in(client.get(START).headers["Location"])
        client.get(f"{BACK}?code=x&state=x&iss={idp.address}")

        client.get(back)

        assert not is_in(client)

    def test_after_ten_minutes_is_too_late(self, client: Client, idp: Running) -> None:
        back = idp.log_in(client.get(START).headers["Location"])

        with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1), tick=True):
            client.get(back)
            assert not is_in(client)

    def test_of_nothing_is_no_attempt(self, client: Client, idp: Running) -> None:
        answer = client.get(BACK, follow=True)

        assert "te lang" in words(answer.text)
        assert refusals() == []

    def test_many_times_is_held_up(self, client: Client, idp: Running) -> None:
        back = idp.log_in(client.get(START).headers["Location"])
        try_often(throttle.PROVIDER_PER_ADDRESS, "127.0.0.1", 50, at=timezone.now())
        idp.control()

        client.get(back)

        assert not is_in(client)
        assert idp.asked() == []


class TestUnknownIdentity:
    def test_is_told_what_is_needed_and_is_nobody(
        self, client: Client, idp: Running, anna: DataSubject
    ) -> None:
        answer = go(client, idp)

        said = words(answer.text)
        for text in ("Testbroker", "klantnummer", "brief"):
            assert text in said
        assert 'href="/activeren/"' in answer.text
        assert not is_in(client)
        assert refusals() == [("provider", "identity-unknown")]
        assert SUB not in answer.text

    def test_is_not_known_by_an_address(
        self, client: Client, idp: Running, anna: DataSubject
    ) -> None:
        idp.control(claims={"email": "anna@voorbeeld.example", "email_verified": True})

        go(client, idp)

        assert not is_in(client)

    def test_is_one_of_another_issuer(self, client: Client, idp: Running, linked: User) -> None:
        OidcIdentity.objects.update(issuer="https://ander.example")

        go(client, idp)

        assert not is_in(client)

    @pytest.mark.parametrize("changed", [{"is_active": False}, {"role": Role.OFFICER}])
    def test_is_that_of_a_login_that_may_not(
        self, client: Client, idp: Running, linked: User, changed: dict[str, Any]
    ) -> None:
        User.objects.filter(pk=linked.pk).update(**changed)

        go(client, idp)

        assert not is_in(client)

    def test_is_one_that_was_not_confirmed(
        self, client: Client, idp: Running, linked: User
    ) -> None:
        OidcIdentity.objects.update(confirmed=False)

        go(client, idp)

        assert not is_in(client)


@pytest.fixture
def browser(anna: DataSubject) -> Client:
    """Anna, logged in with her password and a code just now."""
    return client_of(user_of(anna))


def press_link(client: Client, idp: Running) -> str:
    """Press the button, and return the address that the page then leads to."""
    page = client.post(WAYS, {"action": "link"})
    start = page.text.index(f'href="{idp.address}') + 6
    return page.text[start : page.text.index('"', start)].replace("&amp;", "&")


class TestLinking:
    def test_lets_one_log_in_from_then_on(
        self, client: Client, browser: Client, idp: Running, anna: DataSubject
    ) -> None:
        answer = browser.get(idp.log_in(press_link(browser, idp)), follow=True)

        assert "Testbroker" in words(answer.text)
        go(client, idp)
        assert is_in(client)
        identity = OidcIdentity.objects.get()
        assert identity.user == user_of(anna)
        assert identity.subject_index == provider_index(idp.address, SUB)

    def test_is_told_by_mail_and_in_the_log(
        self, browser: Client, idp: Running, anna: DataSubject
    ) -> None:
        browser.get(idp.log_in(press_link(browser, idp)))

        send_notices(at=timezone.now())
        assert [message.to for message in mail.outbox] == [["anna@voorbeeld.example"]]
        assert "Testbroker" in mail.outbox[0].body
        (entry,) = LogEntry.objects.filter(kind=EventKind.IDENTITY_LINKED)
        assert entry.actor == Actor.DATA_SUBJECT
        seen = words(browser.get("/wie-keek/").text)
        assert "koppelde" in seen

    def test_ends_every_other_session(
        self, browser: Client, idp: Running, anna: DataSubject
    ) -> None:
        elsewhere = client_of(user_of(anna))

        browser.get(idp.log_in(press_link(browser, idp)))

        assert is_in(browser)
        assert not is_in(elsewhere)

    def test_keeps_nothing_that_can_be_read(self, browser: Client, idp: Running) -> None:
        browser.get(idp.log_in(press_link(browser, idp)))

        assert SUB not in json.dumps(list(OidcIdentity.objects.values()), default=str)

    def test_needs_a_fresh_second_factor(self, browser: Client, idp: Running) -> None:
        session = browser.session
        session["proofs"] = []
        session.save()

        answer = browser.post(WAYS, {"action": "link"})

        assert answer.headers["Location"].startswith("/bevestigen/")

    def test_of_an_identity_of_somebody_else_is_refused(
        self, browser: Client, idp: Running, bram: DataSubject
    ) -> None:
        link(user_of(bram), idp)

        answer = browser.get(idp.log_in(press_link(browser, idp)), follow=True)

        assert "hoort al bij een account" in words(answer.text)
        assert OidcIdentity.objects.get().user == user_of(bram)

    def test_of_a_second_identity_is_refused(
        self, browser: Client, idp: Running, linked: User
    ) -> None:
        idp.control(sub="iemand-anders")

        answer = browser.get(idp.log_in(press_link(browser, idp)), follow=True)

        assert "hoort al bij een account" in words(answer.text)
        assert OidcIdentity.objects.count() == 1

    def test_after_logging_out_links_nothing(self, browser: Client, idp: Running) -> None:
        away = press_link(browser, idp)
        session = browser.session
        del session["_auth_user_id"]
        session.save()

        answer = browser.get(idp.log_in(away))

        assert answer.headers["Location"] == "/inloggen/#inhoud"
        assert not OidcIdentity.objects.exists()

    def test_that_fails_leads_back(self, browser: Client, idp: Running) -> None:
        idp.control(claims={"acr": LOW})

        answer = browser.get(idp.log_in(press_link(browser, idp)))

        assert answer.headers["Location"] == f"{WAYS}#inhoud"

    def test_does_not_begin_when_the_provider_is_away(self, browser: Client, idp: Running) -> None:
        idp.control(tell={"metadata": "broken"})

        answer = browser.post(WAYS, {"action": "link"})

        assert answer.headers["Location"] == f"{WAYS}#inhoud"


class TestRemoving:
    def remove(self, browser: Client, identity: object) -> str:
        answer = browser.post(WAYS, {"action": "remove", "identity": identity}, follow=True)
        return words(answer.text)

    def test_ends_it_and_the_sessions_that_it_opened(
        self, client: Client, browser: Client, idp: Running, linked: User
    ) -> None:
        go(client, idp)

        assert "weggehaald" in self.remove(browser, OidcIdentity.objects.get().pk)

        assert is_in(browser)
        assert not is_in(client)
        go(client, idp)
        assert not is_in(client)
        send_notices(at=timezone.now())
        assert "Testbroker" in mail.outbox[-1].body

    @pytest.mark.parametrize("identity", ["", "x", "0", "999999", "\u0663"])
    def test_of_nothing_says_so(self, browser: Client, linked: User, identity: str) -> None:
        assert "al weggehaald" in self.remove(browser, identity)
        assert OidcIdentity.objects.exists()

    def test_of_one_of_somebody_else_does_nothing(
        self, browser: Client, idp: Running, bram: DataSubject, linked: User
    ) -> None:
        other = link(user_of(bram), idp, sub="bram")

        assert "al weggehaald" in self.remove(browser, other.pk)
        assert OidcIdentity.objects.count() == 2

    def test_of_the_last_way_in_is_refused(self, linked: User) -> None:
        linked.set_unusable_password()
        linked.save()

        said = self.remove(client_of(linked), OidcIdentity.objects.get().pk)

        assert "geen andere manier" in said
        assert OidcIdentity.objects.exists()

    def test_of_an_unknown_kind_does_nothing(self, browser: Client, linked: User) -> None:
        assert browser.post(WAYS, {"action": "x"}).headers["Location"] == WAYS

    def test_still_goes_when_the_provider_is_no_longer_configured(
        self, browser: Client, linked: User, settings: Settings
    ) -> None:
        settings.OIDC_ISSUER = ""

        assert "Testbroker" in browser.get(WAYS).text
        assert browser.post(WAYS, {"action": "link"}).headers["Location"] == WAYS
        browser.post(WAYS, {"action": "remove", "identity": OidcIdentity.objects.get().pk})
        assert browser.get(WAYS).status_code == 404


class TestConfirming:
    def stale(self, client: Client) -> None:
        """Let the second factor be of some time ago."""
        session = client.session
        long_ago = (timezone.now() - timedelta(hours=1)).isoformat()
        session["proofs"] = [{**proof, "at": long_ago} for proof in session["proofs"]]
        session.save()

    def test_is_done_at_the_provider_where_one_logs_in_again(
        self, client: Client, idp: Running, linked: User
    ) -> None:
        go(client, idp)
        self.stale(client)
        asked = client.post(WAYS, {"action": "x"}).headers["Location"]
        page = client.get(asked.partition("#")[0]).text
        assert "Testbroker" in page
        before = client.cookies["session"].value

        away = client.get(f"{CONFIRM}?next={WAYS}").headers["Location"]
        assert parse_qs(urlsplit(away).query)["max_age"] == ["0"]
        answer = client.get(idp.log_in(away))

        assert answer.headers["Location"] == f"{WAYS}#inhoud"
        assert client.cookies["session"].value != before
        assert client.post(WAYS, {"action": "x"}).headers["Location"] == WAYS
        assert LogEntry.objects.filter(kind=EventKind.IDENTITY_CONFIRMED).exists()

    def test_takes_no_older_log_in(self, client: Client, idp: Running, linked: User) -> None:
        go(client, idp)
        self.stale(client)
        idp.control(shift={"auth_time": -120})

        answer = go(client, idp, f"?next={WAYS}", start=CONFIRM)

        assert answer.headers["Location"].startswith("/bevestigen/?next=")
        assert client.post(WAYS).headers["Location"].startswith("/bevestigen/")

    def test_takes_no_identity_of_somebody_else(
        self, client: Client, idp: Running, linked: User, bram: DataSubject
    ) -> None:
        go(client, idp)
        self.stale(client)
        link(user_of(bram), idp, sub="bram")
        for sub in ("bram", "niemand"):
            idp.control(sub=sub)
            go(client, idp, start=CONFIRM)
            assert client.post(WAYS).headers["Location"].startswith("/bevestigen/")

    def test_after_logging_out_confirms_nothing(
        self, client: Client, idp: Running, linked: User
    ) -> None:
        go(client, idp)
        away = client.get(CONFIRM).headers["Location"]
        session = client.session
        del session["_auth_user_id"]
        session.save()

        assert client.get(idp.log_in(away)).headers["Location"] == "/inloggen/#inhoud"

    def test_is_offered_to_who_linked_it_only(
        self, browser: Client, idp: Running, settings: Settings, anna: DataSubject
    ) -> None:
        assert "Testbroker" not in browser.get("/bevestigen/").text
        link(user_of(anna), idp)
        assert "Testbroker" in browser.get("/bevestigen/").text
        settings.OIDC_ISSUER = ""
        assert "Testbroker" not in browser.get("/bevestigen/").text


class TestPages:
    def test_offer_it_only_when_it_is_configured(
        self, client: Client, idp: Running, browser: Client, settings: Settings
    ) -> None:
        assert (
            f'href="{START}?next=%2Fwie-keek%2F"' in client.get("/inloggen/?next=/wie-keek/").text
        )
        assert WAYS in browser.get("/beveiliging/").text
        assert "Testbroker" in browser.get(WAYS).text

        settings.OIDC_ISSUER = ""

        assert START not in client.get("/inloggen/").text
        assert WAYS not in browser.get("/beveiliging/").text
        for address in (START, BACK):
            assert client.get(address).status_code == 404
        assert browser.get(WAYS).status_code == 404

    def test_of_staff_do_not_offer_it(self, idp: Running, carla: User) -> None:
        office = client_of(carla)

        assert WAYS not in office.get("/beveiliging/").text
        assert office.get(WAYS).status_code == 404


class TestOwnKey:
    def test_is_of_a_kind_that_we_use(self) -> None:
        with pytest.raises(ValueError, match="not an RSA"):
            provider.client_key(pem(ed448.Ed448PrivateKey.generate()))


def test_no_code_passes_for_an_identity(linked: User) -> None:
    assert not OidcIdentity.objects.get().verify_token("000000")
    assert "identity" in str(OidcIdentity.objects.get())
