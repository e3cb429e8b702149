from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts import jwk, tokens
from accounts.authentication import Caller, HasScope, ServiceAuthentication
from accounts.models import ServiceClient
from tests import factories
from tests.accounts.signers import AUDIENCE, nested, unsigned
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("clock", "service")
HERE = "http://127.0.0.1:8000"
SECONDS = int(NOW.timestamp())


def request_with(authorization: str, path: str = "/access/v1/evaluation") -> Request:
    headers = {"HTTP_AUTHORIZATION": authorization} if authorization else {}
    return Request(APIRequestFactory().post(path, **headers))


def caller_with(token: str) -> Caller:
    found = ServiceAuthentication().authenticate(request_with(f"Bearer {token}"))
    assert found is not None
    return found[1]


def good_token(*scopes: str) -> str:
    return tokens.issue(client_id="lekdetectie", scopes=scopes or ["consent:check"], at=NOW)


def made(
    *,
    header: Mapping[str, Any] | None = None,
    key: Any = None,
    algorithm: str = "ES256",
    **changes: Any,
) -> str:
    """Return a token signed with our own key, unless told otherwise, with changed claims."""
    ours = tokens.signing_key()
    body = {
        "iss": HERE,
        "aud": HERE,
        "sub": "lekdetectie",
        "client_id": "lekdetectie",
        "scope": "consent:check",
        "iat": SECONDS,
        "exp": SECONDS + 600,
        "jti": "j" * 22,
        **changes,
    }
    body = {name: value for name, value in body.items() if value is not None}
    headers = {"typ": "at+jwt", "kid": ours.kid, **(header or {})}
    return jwt.encode(body, key or ours.private, algorithm=algorithm, headers=headers)


def stranger() -> Any:
    return load_pem_private_key(jwk.make_pair("ES256").private_pem, password=None)


BAD: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "a word": lambda: "x",
    "alg none": lambda: unsigned(
        {"alg": "none", "typ": "at+jwt", "kid": tokens.signing_key().kid}, {"sub": "lekdetectie"}
    ),
    "HS256": lambda: made(key="k" * 64, algorithm="HS256"),
    "signed by a stranger": lambda: made(key=stranger()),
    "key in the header": lambda: made(
        header={"jwk": dict(jwk.make_pair("ES256").public)}, key=stranger()
    ),
    "typ of an assertion": lambda: made(header={"typ": "JWT"}),
    "no typ": lambda: made(header={"typ": None}),
    "other kid": lambda: made(header={"kid": "k1"}),
    "critical extension": lambda: made(header={"crit": ["exp"]}),
    "other iss": lambda: made(iss="https://kwaad.example"),
    "other aud": lambda: made(aud="https://kwaad.example"),
    "aud of the token endpoint": lambda: made(aud=AUDIENCE),
    "aud is a list": lambda: made(aud=[HERE]),
    "no aud": lambda: made(aud=None),
    "other sub": lambda: made(sub="iemand"),
    "no client": lambda: made(client_id=None),
    "no scope": lambda: made(scope=None),
    "scope is a list": lambda: made(scope=["consent:check"]),
    "expired": lambda: made(iat=SECONDS - 600, exp=SECONDS),
    "from the future": lambda: made(iat=SECONDS + 61, exp=SECONDS + 600),
    "ten years": lambda: made(exp=SECONDS + 10 * 365 * 86400),
    "no exp": lambda: made(exp=None),
    "exp is a fraction": lambda: made(exp=SECONDS + 0.5),
    "no jti": lambda: made(jti=None),
    "deeply nested": lambda: nested(1450) + ".e30.e30",
    "header is a surrogate": lambda: unsigned(
        {"alg": "ES256", "typ": "at+jwt", "kid": "\ud800"}, {}
    ),
    "not ASCII": lambda: "\u00e9.\u00e9.\u00e9",
    "too large": lambda: made(more="x" * 4096),
    "unknown client": lambda: made(sub="iemand", client_id="iemand"),
}


class TestToken:
    def test_tells_who_calls(self, service: ServiceClient) -> None:
        assert caller_with(good_token()) == Caller(
            client_id="lekdetectie",
            recipient="storingsdienst",
            recipient_id=service.recipient_id,
            scopes=frozenset({"consent:check"}),
            purposes=frozenset({"lekwaarschuwing"}),
        )

    def test_costs_two_statements_at_first_and_then_none(self) -> None:
        token = good_token()

        counts = []
        for _ in range(6):
            with CaptureQueriesContext(connection) as queries:
                caller_with(token)
            counts.append(len(queries))

        assert counts == [2, 0, 0, 0, 0, 1]  # five tokens of the bucket are claimed at once

    @pytest.mark.parametrize("how", BAD)
    def test_that_is_wrong_is_refused(self, how: str) -> None:
        with pytest.raises(AuthenticationFailed):
            caller_with(BAD[how]())

    def test_is_refused_once_it_expires_though_it_was_good(
        self, clock: time_machine.Traveller
    ) -> None:
        token = good_token()
        caller_with(token)

        clock.move_to(NOW + timedelta(minutes=10), tick=False)

        with pytest.raises(AuthenticationFailed):
            caller_with(token)

    def test_ends_within_five_seconds_when_the_client_is_closed(
        self, clock: time_machine.Traveller
    ) -> None:
        token = good_token()
        caller_with(token)
        ServiceClient.objects.update(is_active=False)

        clock.move_to(NOW + timedelta(seconds=5), tick=False)

        with pytest.raises(AuthenticationFailed):
            caller_with(token)

    def test_gives_within_five_seconds_no_more_than_the_client_may_have_now(
        self, clock: time_machine.Traveller
    ) -> None:
        token = good_token("consent:check", "consent:batch")
        caller_with(token)
        ServiceClient.objects.update(scopes=["consent:batch", "access:report"], purposes=[])

        clock.move_to(NOW + timedelta(seconds=5), tick=False)

        caller = caller_with(token)
        assert caller.scopes == {"consent:batch"}
        assert caller.purposes == frozenset()

    def test_sees_a_change_at_once_in_the_process_that_made_it(
        self, service: ServiceClient, django_capture_on_commit_callbacks: Any
    ) -> None:
        token = good_token()
        caller_with(token)

        with django_capture_on_commit_callbacks(execute=True):
            factories.make_client(service.recipient, purposes=["niets"])

        assert caller_with(token).purposes == {"niets"}

    def test_reads_the_registration_each_time_where_that_is_set(self, settings: Settings) -> None:
        settings.CLIENTS_ARE_REMEMBERED = timedelta(0)
        token = good_token()
        caller_with(token)
        ServiceClient.objects.update(is_active=False)

        with pytest.raises(AuthenticationFailed):
            caller_with(token)

    def test_is_remembered_by_its_hash_and_not_itself(self) -> None:
        token = good_token()
        caller_with(token)

        assert token not in str(tokens._verified)

    def test_is_one_of_a_bounded_number_that_are_remembered(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tokens, "REMEMBERED", 3)
        issued = [good_token() for _ in range(5)]

        for token in issued:
            tokens.read(token, at=NOW)

        assert len(tokens._verified) == 3
        assert tokens.read(issued[0], at=NOW).client_id == "lekdetectie"

    def test_counts_only_in_the_header(self) -> None:
        request = request_with("", f"/access/v1/evaluation?access_token={good_token()}")

        assert ServiceAuthentication().authenticate(request) is None

    @pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
    def test_has_a_scheme_in_any_case(self, scheme: str) -> None:
        request = request_with(f"{scheme} {good_token()}")

        assert ServiceAuthentication().authenticate(request) is not None

    def test_of_another_scheme_is_not_looked_at(self) -> None:
        assert ServiceAuthentication().authenticate(request_with("Basic eDp5")) is None


class TestScope:
    def asked(self, scope: str | None, *, auth: object) -> bool:
        class View(APIView):
            required_scope = scope

        request = request_with("")
        request.auth = auth
        permission: BasePermission = HasScope()
        return permission.has_permission(request, View())

    def test_lets_in_who_has_it(self) -> None:
        assert self.asked("consent:check", auth=caller_with(good_token()))

    def test_keeps_out_who_has_another(self) -> None:
        assert not self.asked("consent:batch", auth=caller_with(good_token()))

    def test_keeps_everyone_out_of_a_view_that_names_none(self) -> None:
        assert not self.asked(None, auth=caller_with(good_token()))

    def test_keeps_out_who_is_nobody(self) -> None:
        assert not self.asked("consent:check", auth=None)
