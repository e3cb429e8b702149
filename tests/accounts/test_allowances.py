"""How often a client may ask: exactly its bucket, whoever counts and however the clocks run."""

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import allowances, jwk, tokens
from accounts.allowances import TooFastError
from accounts.models import ClientAllowance, ServiceClient, UsedAssertion
from tests.accounts.signers import ask, claims, issue_key, sign
from tests.factories import NOW

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

pytestmark = pytest.mark.usefixtures("clock", "service")

# draft-ietf-httpapi-ratelimit-headers-10: lists of strings with parameters (RFC 9651).
POLICY = re.compile(r'"client";q=(\d+);w=(\d+)')
LIMIT = re.compile(r'"client";r=(\d+);t=(\d+)')


@pytest.fixture
def bucket(settings: Settings) -> Settings:
    """Ten tokens a second and twenty at once."""
    settings.CLIENT_RATE, settings.CLIENT_BURST = 10, 20
    return settings


def taken(client: ServiceClient, *, times: int, later: float = 0) -> int:
    """Return how many of these attempts got a token."""
    got = 0
    for _ in range(times):
        try:
            allowances.take(client.pk, at=NOW + timedelta(seconds=later))
        except TooFastError:
            continue
        got += 1
    return got


def forget_what_this_process_holds() -> None:
    """From here on, act as another process."""
    allowances.forget_all()


class TestBucket:
    def test_gives_exactly_what_it_holds(self, service: ServiceClient, bucket: Settings) -> None:
        assert taken(service, times=50) == 20

    def test_fills_again(self, service: ServiceClient, bucket: Settings) -> None:
        taken(service, times=50)

        assert taken(service, times=50, later=0.5) == 5
        assert taken(service, times=50, later=60) == 20

    def test_is_one_for_all_processes(self, service: ServiceClient, bucket: Settings) -> None:
        got = 0
        for _ in range(4):
            got += taken(service, times=7)
            forget_what_this_process_holds()

        assert got == 20

    def test_is_of_one_client(self, service: ServiceClient, bucket: Settings) -> None:
        other = ServiceClient.objects.create(
            client_id="ander", recipient=service.recipient, created_at=NOW
        )
        taken(service, times=50)

        assert taken(other, times=50) == 20

    def test_gives_the_last_few_when_there_is_no_whole_block(
        self, service: ServiceClient, settings: Settings
    ) -> None:
        settings.CLIENT_RATE, settings.CLIENT_BURST = 50, 53
        assert taken(service, times=51) == 51  # claimed by fives; the next claim finds three
        forget_what_this_process_holds()

        # What the other process held when it went is lost; nobody gets more than there was.
        assert taken(service, times=9) == 0

    def test_loses_what_was_claimed_and_not_used(
        self, service: ServiceClient, settings: Settings
    ) -> None:
        allowances.take(service.pk, at=NOW)
        allowances.take(service.pk, at=NOW + timedelta(seconds=5))

        spent = ClientAllowance.objects.get().spent_until / 1_000_000
        assert spent == pytest.approx((NOW + timedelta(seconds=5.1)).timestamp())

    def test_asks_the_database_nothing_while_it_is_empty(
        self, service: ServiceClient, bucket: Settings, django_assert_num_queries: object
    ) -> None:
        taken(service, times=21)

        with django_assert_num_queries(0):  # type: ignore[operator]
            assert taken(service, times=100) == 0

    def test_outlives_a_clock_that_was_wrong(self, service: ServiceClient) -> None:
        taken(service, times=1, later=86_400)
        forget_what_this_process_holds()

        assert taken(service, times=50) == 50


class TestStanding:
    def test_tells_what_is_left_and_when_it_is_full(
        self, service: ServiceClient, bucket: Settings
    ) -> None:
        standing = allowances.take(service.pk, at=NOW)

        assert (standing.left, standing.seconds) == (19, 1)

    def test_tells_when_there_is_a_token_again(
        self, service: ServiceClient, settings: Settings
    ) -> None:
        settings.CLIENT_RATE, settings.CLIENT_BURST = 1, 3
        taken(service, times=3)

        with pytest.raises(TooFastError) as caught:
            allowances.take(service.pk, at=NOW)

        assert (caught.value.standing.left, caught.value.standing.seconds) == (0, 1)
        assert taken(service, times=5, later=1) == 1

    def test_tells_it_to_who_took_the_last_one(
        self, service: ServiceClient, settings: Settings
    ) -> None:
        settings.CLIENT_RATE, settings.CLIENT_BURST = 1, 3
        taken(service, times=2)

        standing = allowances.take(service.pk, at=NOW + timedelta(seconds=0.2))

        assert (standing.left, standing.seconds) == (0, 1)

    @pytest.mark.parametrize(("rate", "burst", "window"), [(50, 200, 4), (3, 10, 4), (100, 1, 1)])
    def test_has_fields_of_the_draft(
        self, service: ServiceClient, settings: Settings, rate: int, burst: int, window: int
    ) -> None:
        settings.CLIENT_RATE, settings.CLIENT_BURST = rate, burst
        fields = allowances.take(service.pk, at=NOW).headers()

        policy = POLICY.fullmatch(fields["RateLimit-Policy"])
        assert policy is not None
        assert policy.groups() == (str(burst), str(window))
        assert LIMIT.fullmatch(fields["RateLimit"])


class TestApi:
    def ask(self, client: Client, *, body: object = None) -> "Answer":
        token = tokens.issue(client_id="lekdetectie", scopes=["consent:check"], at=NOW)
        return client.post(
            "/access/v1/evaluation",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )

    def test_says_in_every_answer_how_often_one_may_ask(self, client: Client) -> None:
        answer = self.ask(client)

        assert answer.status_code == 400
        assert answer.headers["RateLimit-Policy"] == '"client";q=200;w=4'
        assert answer.headers["RateLimit"] == '"client";r=199;t=1'
        assert "Retry-After" not in answer.headers

    def test_says_nothing_of_it_to_who_is_nobody(self, client: Client) -> None:
        answer = client.post("/access/v1/evaluation")

        assert answer.status_code == 401
        assert "RateLimit" not in answer.headers

    def test_refuses_what_is_asked_too_often(self, client: Client, settings: Settings) -> None:
        """T15: the counter is of the client, so another token of it gives nothing more."""
        settings.CLIENT_RATE, settings.CLIENT_BURST = 1, 2
        answers = [self.ask(client) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [400, 400, 429]
        refused = answers[2]
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.headers["Retry-After"] == "1"
        assert refused.headers["RateLimit"] == '"client";r=0;t=1'
        said = refused.json()
        assert said["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
        assert (said["code"], said["violated-policies"]) == ("throttled", ["client"])
        assert "RateLimit-Policy" in said["detail"]

    def test_counts_another_address_together(self, settings: Settings) -> None:
        settings.CLIENT_RATE, settings.CLIENT_BURST = 1, 1

        answers = [self.ask(Client(REMOTE_ADDR=f"192.0.2.{last}")) for last in (1, 2)]

        assert [answer.status_code for answer in answers] == [400, 429]


class TestTokenEndpoint:
    def test_counts_in_the_same_bucket(
        self, client: Client, service: ServiceClient, settings: Settings
    ) -> None:
        settings.CLIENT_RATE, settings.CLIENT_BURST = 1, 1
        pem = issue_key(service)
        answers = [ask(client, sign(pem, claims())) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 429]
        assert answers[0].headers["RateLimit"] == '"client";r=0;t=1'
        refused = answers[1]
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.headers["Retry-After"] == "1"
        assert refused.json()["code"] == "throttled"
        assert UsedAssertion.objects.count() == 1  # the other can be sent again

    def test_takes_nothing_for_who_proves_nothing(
        self, client: Client, service: ServiceClient
    ) -> None:
        issue_key(service)
        stranger = jwk.make_pair("ES256").private_pem

        answer = ask(client, sign(stranger, claims()))

        assert answer.status_code == 401
        assert not ClientAllowance.objects.exists()
