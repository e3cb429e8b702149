"""Who gets what from every address there is. An address that is missing here fails the test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts import tokens
from accounts.gates import Audience, audience_of
from accounts.models import DataSubject, Role, ServiceClient, User
from audit.events import EventKind
from audit.models import LogEntry
from consent.models import ConsentRecord, Job, Purpose
from tests import factories
from tests.accounts.steps import EMAIL, enrol, give_password, user_of
from tests.visitors import acting, at_the_desk, client_of

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

LOG_IN = "log-in page"  # sent to the log-in page
ON = "another page"  # sent to some other page

AS_CUSTOMER = "as a customer"

NO_JOB = "00000000-0000-4000-8000-000000000000"

HALFWAY_PAGES = {
    *("log-in-code", "log-in-recovery", "enrol", "enrol-codes"),
    *("code-passkey", "code-passkey-question", "passkey-enrol", "passkey-enrol-question"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What each visitor gets: a status, or where one is sent."""

    anonymous: object
    halfway: object
    customer: object
    officer: object
    desk: object
    admin: object
    service: object
    representative: object = AS_CUSTOMER  # a customer who acts for another one
    method: str = "get"
    arguments: tuple[str, ...] = ()
    form: dict[str, str] = field(default_factory=dict)

    def of(self, who: str) -> object:
        expected = getattr(self, who)
        return self.customer if expected == AS_CUSTOMER else expected


def for_everyone(status: object, method: str = "get", *arguments: str) -> Row:
    return Row(
        anonymous=status,
        halfway=status,
        customer=status,
        officer=status,
        desk=status,
        admin=status,
        service=status,
        method=method,
        arguments=arguments,
    )


def for_logged_in(
    status: object, method: str = "get", *arguments: str, acting: object = 403, **form: str
) -> Row:
    """`acting`: what who acts for another gets; a log-in is of oneself alone."""
    return Row(
        anonymous=LOG_IN,
        halfway=LOG_IN,
        customer=status,
        officer=status,
        desk=status,
        admin=status,
        service=LOG_IN,
        representative=acting,
        method=method,
        arguments=arguments,
        form=form,
    )


def for_customers(
    status: object, method: str = "get", *arguments: str, acting: object = 403, **form: str
) -> Row:
    """`acting`: what who acts for another gets. Most pages of a customer are of the customer alone."""
    return Row(
        anonymous=LOG_IN,
        halfway=LOG_IN,
        customer=status,
        representative=acting,
        officer=404,
        desk=404,
        admin=404,
        service=LOG_IN,
        method=method,
        arguments=arguments,
        form=form,
    )


def for_officers(status: object, method: str = "get", *arguments: str) -> Row:
    return Row(
        anonymous=LOG_IN,
        halfway=LOG_IN,
        customer=403,
        officer=status,
        desk=403,
        admin=403,
        service=LOG_IN,
        method=method,
        arguments=arguments,
    )


def for_the_desk(status: object, method: str = "get", *arguments: str) -> Row:
    return Row(
        anonymous=LOG_IN,
        halfway=LOG_IN,
        customer=403,
        officer=403,
        desk=status,
        admin=403,
        service=LOG_IN,
        method=method,
        arguments=arguments,
    )


def while_logging_in(status: object, method: str = "get") -> Row:
    return Row(
        anonymous=LOG_IN,
        halfway=status,
        customer=LOG_IN,
        officer=LOG_IN,
        desk=LOG_IN,
        admin=LOG_IN,
        service=LOG_IN,
        method=method,
    )


MATRIX = {
    "home": for_everyone(200),
    "privacy": for_everyone(200),
    "accessibility": for_everyone(200),
    "set_language": for_everyone(ON, "post"),
    "log-in": Row(
        anonymous=200, halfway=200, customer=ON, officer=ON, desk=ON, admin=ON, service=200
    ),
    "log-in-code": while_logging_in(200),
    "log-in-recovery": while_logging_in(200),
    "enrol": while_logging_in(ON),
    "enrol-codes": while_logging_in(ON),
    "log-in-passkey": for_everyone(422, "post"),
    "log-in-passkey-question": for_everyone(200, "post"),
    "code-passkey": while_logging_in(ON),
    "code-passkey-question": while_logging_in(200, "post"),
    "passkey-enrol": while_logging_in(ON),
    "passkey-enrol-question": while_logging_in(ON, "post"),
    "step-up-passkey": for_logged_in(422, "post"),
    "step-up-passkey-question": for_logged_in(200, "post"),
    "passkeys": for_logged_in(200),
    "passkey-add": for_logged_in(200),
    "passkey-add-question": for_logged_in(200, "post"),
    "passkey-name": for_logged_in(404, "get", NO_JOB),
    "passkey-remove": for_logged_in(404, "get", NO_JOB),
    "step-up": for_logged_in(200),
    "security": for_logged_in(200),
    "new-codes": for_logged_in(200),
    "new-app": for_logged_in(200),
    "end-session": for_logged_in(404, "post", NO_JOB),
    "end-other-sessions": for_logged_in(ON, "post"),
    "session": for_logged_in(200, acting=200),
    "show-value": for_customers(404, "post", NO_JOB),
    "log-out": for_everyone(ON, "post"),
    "token": for_everyone(400, "post"),
    "jwks": for_everyone(200),
    "oauth-metadata": for_everyone(200),
    "healthz": for_everyone(200),
    "security-txt": for_everyone(404),  # no address was given
    "policy-report": for_everyone(204, "post"),
    "well-known-change-password": for_everyone(ON),
    "evaluation": Row(
        anonymous=401,
        halfway=401,
        customer=401,
        officer=401,
        desk=401,
        admin=401,
        service=400,
        method="post",
    ),
    "openapi": for_everyone(200),
    "checkpoint": for_everyone(404),  # nothing was signed yet
    "vkey": for_everyone(200),
    "policy": for_everyone(200),
    "check-proof": for_everyone(200),
    "tile": for_everyone(404, "get", "0", "000.p/1"),
    "bundle": for_everyone(404, "get", "000.p/1"),
    "my-data": for_customers(200, acting=200),
    "my-choices": for_customers(200, acting=200),
    "purpose": for_customers(200, "get", "lekwaarschuwing", acting=200),
    "confirmation": for_customers(404, "get", "lekwaarschuwing", "onbekend", acting=404),
    "dismiss": for_customers(ON, "post", "lekwaarschuwing", notice="1"),
    "who-looked": for_customers(200, acting=200),
    "tag-key": for_customers(200, "post"),
    "proof": for_customers(404, "get", "00000000-0000-4000-8000-000000000000"),
    "mandates": for_customers(200),
    "mandate-give": for_customers(200),
    "mandate-accept": for_customers(200),
    "mandate-use": for_customers(404, "post", NO_JOB),
    "mandate-end": for_customers(404, "post", NO_JOB),
    "mandate-stop": for_customers(ON, "post", acting=ON),
    "desk": for_the_desk(200),
    "desk-customer": for_the_desk(200),
    "desk-purpose": for_the_desk(200, "get", "lekwaarschuwing"),
    "desk-confirmation": for_the_desk(404, "get", "lekwaarschuwing", "onbekend"),
    "desk-close": for_the_desk(ON, "post"),
    "legal-mandates": for_officers(200),
    "legal-mandate-end": for_officers(404, "post", NO_JOB),
    "office": for_officers(ON),
    "log": for_officers(200),
    "log-verify": for_officers(ON, "post"),
    "log-entry": for_officers(404, "get", NO_JOB),
    "log-entry-proof": for_officers(404, "get", NO_JOB),
    "log-export": for_officers(ON, "post"),
    "exports": for_officers(200),
    "job": for_officers(404, "get", NO_JOB),
    "job-cancel": for_officers(404, "post", NO_JOB),
    "job-again": for_officers(404, "post", NO_JOB),
    "job-result": for_officers(404, "post", NO_JOB),
}
VISITORS = (
    *("anonymous", "halfway", "customer", "representative"),
    *("officer", "desk", "admin", "service"),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
REFUSALS = {403, 404, 405}


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for found in resolver.url_patterns:
        if isinstance(found, URLResolver):
            yield from patterns(found)
        else:
            yield found


def every_pattern() -> list[URLPattern]:
    return list(patterns(get_resolver()))


@pytest.fixture
def visitor(
    leak_warning: Purpose, lekdetectie: ServiceClient, anna: DataSubject, carla: User
) -> Callable[[str], Client]:
    def halfway() -> Client:
        enrol(user_of(anna), at=timezone.now())  # an older line that waits is an alarm
        client = Client()
        assert give_password(client, email=EMAIL).status_code == 302
        return client

    def service() -> Client:
        """A system that holds a good token, and uses it as a browser would a cookie: everywhere."""
        token = tokens.issue(
            client_id=lekdetectie.client_id, scopes=lekdetectie.scopes, at=timezone.now()
        )
        return Client(headers={"Authorization": f"Bearer {token}"})

    browsers: dict[str, Callable[[], Client]] = {
        "anonymous": Client,
        "halfway": halfway,
        "customer": lambda: client_of(user_of(anna)),
        "officer": lambda: client_of(carla),
        "representative": lambda: acting(for_=anna),
        "desk": lambda: at_the_desk(anna),
        "admin": lambda: client_of(
            factories.make_user("admin@vechtwater.example", role=Role.ADMIN)
        ),
        "service": service,
    }
    return lambda who: browsers[who]()


def answer_to(client: Client, row: Row, name: str, **more: Any) -> object:
    address = reverse(name, args=row.arguments)
    answer = getattr(client, row.method)(address, row.form, **more)
    if answer.status_code != 302:
        return answer.status_code
    return LOG_IN if urlsplit(answer.headers["Location"]).path == "/inloggen/" else ON


class TestEveryAddress:
    def test_is_in_the_matrix(self) -> None:
        assert {pattern.name for pattern in every_pattern()} == set(MATRIX)

    def test_says_for_whom_it_is(self) -> None:
        silent = [p.name for p in every_pattern() if audience_of(p.callback) is None]

        assert silent == []

    def test_is_open_only_where_the_matrix_says_so(self) -> None:
        for pattern in every_pattern():
            is_gated = MATRIX[pattern.name or ""].anonymous == LOG_IN
            audience = audience_of(pattern.callback)
            expected = (
                {Audience.HALFWAY}
                if pattern.name in HALFWAY_PAGES
                else {
                    *(Audience.DATA_SUBJECT, Audience.OFFICER, Audience.DESK, Audience.ADMIN),
                    Audience.LOGGED_IN,
                }
                if is_gated
                else {Audience.EVERYONE}
            )
            assert audience in expected, pattern.name


@pytest.mark.parametrize("name", MATRIX)
class TestMatrix:
    def test_holds(self, visitor: Callable[[str], Client], name: str) -> None:
        row = MATRIX[name]

        for who in VISITORS:
            assert answer_to(visitor(who), row, name) == row.of(who), who


@pytest.mark.parametrize("name", MATRIX)
class TestEveryMethod:
    def test_opens_nothing_and_breaks_nothing(
        self, visitor: Callable[[str], Client], name: str
    ) -> None:
        address = reverse(name, args=MATRIX[name].arguments)
        for who in VISITORS:
            client = visitor(who)
            client.raise_request_exception = False
            for method in METHODS:
                answer = client.generic(method, address)
                assert is_as_expected(answer, name, MATRIX[name].of(who)), (who, method)


def is_as_expected(answer: "Answer", name: str, expected: object) -> bool:
    """Return whether a method, any method, got no further than the matrix says."""
    if answer.status_code >= 500:
        return False
    if expected == LOG_IN:
        # Halfway pages look at the method before they look at the visitor.
        if name in HALFWAY_PAGES and answer.status_code == 405:
            return True
        return answer.status_code == 302 and answer.headers["Location"].startswith("/inloggen/")
    if expected in REFUSALS:
        return answer.status_code in REFUSALS
    return expected != 401 or answer.status_code in {401, 405}


class TestService:
    def test_is_nobody_on_every_page(self, visitor: Callable[[str], Client]) -> None:
        client = visitor("service")
        for name in ("home", "log-in"):
            request = client.get(reverse(name)).wsgi_request
            assert not request.user.is_authenticated, name
            assert not request.session.session_key, name

    def test_changes_nothing_with_a_form_of_a_person(
        self, visitor: Callable[[str], Client]
    ) -> None:
        client = visitor("service")

        for name in ("purpose", "dismiss", "log-verify", "log-export"):
            address = reverse(name, args=MATRIX[name].arguments)
            answer = client.post(address, {"choice-usage": "yes", "notice": "1"})
            assert answer.headers["Location"].startswith("/inloggen/"), name
        assert not ConsentRecord.objects.exists()
        assert not LogEntry.objects.filter(kind=EventKind.LOG_EXPORTED).exists()
        assert not Job.objects.exists()


class TestHalfway:
    def test_is_nobody_on_every_page(self, visitor: Callable[[str], Client]) -> None:
        client = visitor("halfway")
        for name in ("home", "log-in", "log-in-code", "log-in-recovery"):
            request = client.get(reverse(name)).wsgi_request
            assert not request.user.is_authenticated, name


class TestEveryForm:
    def test_needs_our_token(self, visitor: Callable[[str], Client]) -> None:
        """Only what authenticates with a token of its own does without, and what can be read only."""
        open_to_other_sites = set()
        for name, row in MATRIX.items():
            client = Client(enforce_csrf_checks=True)
            if client.post(reverse(name, args=row.arguments)).status_code != 403:
                open_to_other_sites.add(name)

        read_only = {"jwks", "oauth-metadata", "openapi", "checkpoint", "vkey", "tile", "bundle"}
        read_only |= {"healthz", "policy", "security-txt", "well-known-change-password"}
        assert open_to_other_sites == {"token", "evaluation", "policy-report"} | read_only
