import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.db import connection
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import operations, throttle
from accounts.devices import DISABLED_AT
from accounts.gates import next_page
from accounts.models import (
    DataSubject,
    Notice,
    RecoveryDevice,
    TotpDevice,
    User,
    UserSession,
)
from accounts.notice_kinds import NoticeKind
from accounts.session_store import SessionStore
from accounts.views import log_in as log_in_pages
from audit import queries as log
from audit.events import Actor, EventKind
from tests import factories
from tests.accounts.steps import (
    EMAIL,
    OFFICER_EMAIL,
    Enrolled,
    enrol,
    give_password,
    log_in,
    try_often,
)
from tests.accounts.test_enrolment import keep
from tests.factories import NOW, PASSWORD

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

pytestmark = pytest.mark.django_db


def is_logged_in(client: Client) -> bool:
    return client.get("/mijn-gegevens/").status_code == 200


def events(kind: EventKind) -> list[log.EntryView]:
    return log.entries(filter=log.EntryFilter(kind=kind), before=None, limit=100)


class TestPassword:
    def test_logs_nobody_in(self, client: Client, enrolled: Enrolled) -> None:
        answer = give_password(client)

        assert answer.status_code == 302
        assert answer.headers["Location"] == "/inloggen/code/#inhoud"
        assert not client.get("/").wsgi_request.user.is_authenticated
        assert not is_logged_in(client)

    def test_leaves_no_secret_in_the_session(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client)

        assert dict(client.session) == {
            "pending_log_in": {
                "user_id": str(enrolled.user.id),
                "since": NOW.isoformat(),
                "next": "/mijn-gegevens/",
                "app": None,
                "passed": "",
            }
        }

    def test_leads_to_setting_up_an_app_when_there_is_none(
        self, client: Client, anna: object
    ) -> None:
        assert give_password(client).headers["Location"] == "/inloggen/instellen/#inhoud"

    def test_may_be_given_with_the_address_in_any_spelling(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        assert give_password(client, email=" ANNA@Voorbeeld.Example ").status_code == 302

    def test_is_used_exactly_as_typed(self, client: Client, enrolled: Enrolled) -> None:
        assert give_password(client, password=f" {PASSWORD}").status_code == 422

    def test_ends_an_earlier_session(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        give_password(client)

        assert not is_logged_in(client)

    def test_that_is_missing_is_asked_for_again(self, client: Client, enrolled: Enrolled) -> None:
        answer = client.post("/inloggen/", {"email": EMAIL, "password": ""})

        assert answer.status_code == 422
        assert b'href="#id_password"' in answer.content
        assert f'value="{EMAIL}"'.encode() in answer.content

    def test_is_never_sent_back(self, client: Client, enrolled: Enrolled) -> None:
        answer = give_password(client, password="kanarie in de mijn")

        assert b"kanarie" not in answer.content


def seen(answer: "Answer") -> str:
    """Return the page without the token against forged forms, that differs each time."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


class TestUnknownAndKnown:
    """What an outsider sees must not tell who has an account."""

    def refusals(self, client: Client) -> dict[str, tuple["Answer", int]]:
        answers = {}
        for email in ("anne@voorbeeld.example", EMAIL):
            give_password(client, email=email, password="verkeerd wachtwoord")
            with CaptureQueriesContext(
                connection,
            ) as queries:
                answers[email] = (
                    give_password(client, email=email, password="verkeerd wachtwoord"),
                    len(queries),
                )
        return answers

    def test_get_the_same_answer_for_the_same_work(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        answers = self.refusals(client)
        (unknown, unknown_queries), (known, known_queries) = answers.values()

        assert unknown.status_code == known.status_code == 422
        assert unknown.headers.items() == known.headers.items()
        assert seen(unknown).replace("anne@", "anna@") == seen(known)
        assert unknown_queries == known_queries

    def test_get_the_same_answer_when_not_in_use(self, client: Client, enrolled: Enrolled) -> None:
        User.objects.update(is_active=False)

        answer = give_password(client)

        assert answer.status_code == 422
        assert not client.session.get("pending_log_in")

    def test_are_both_held_up_after_ten_times(self, client: Client, enrolled: Enrolled) -> None:
        for email in ("anne@voorbeeld.example", EMAIL):
            answers = [
                give_password(client, email=email, password="verkeerd wachtwoord").status_code
                for _ in range(11)
            ]

            assert answers == [422] * 10 + [429]


class TestHoldingUp:
    def test_also_refuses_the_right_password(self, client: Client, enrolled: Enrolled) -> None:
        for _ in range(10):
            give_password(client, password="verkeerd wachtwoord")

        answer = give_password(client)

        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 900

    def test_ends_with_the_window(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        for _ in range(11):
            give_password(client, password="verkeerd wachtwoord")
        clock.move_to(NOW + timedelta(minutes=15), tick=False)

        assert give_password(client).status_code == 302

    def test_counts_every_spelling_of_an_address_together(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        for spelling in (EMAIL, EMAIL.upper(), f" {EMAIL}", EMAIL.title(), EMAIL.swapcase()) * 2:
            give_password(client, email=spelling, password="verkeerd wachtwoord")

        assert give_password(client).status_code == 429

    def test_counts_all_accounts_tried_from_one_address(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        try_often(throttle.PASSWORDS_PER_ADDRESS, "127.0.0.1", 49)
        give_password(client, email="niemand@voorbeeld.example", password="verkeerd wachtwoord")

        assert give_password(client).status_code == 429
        elsewhere = Client(REMOTE_ADDR="192.0.2.99")
        assert give_password(elsewhere).status_code == 302

    def test_takes_no_word_for_where_one_is(self, client: Client, enrolled: Enrolled) -> None:
        try_often(throttle.PASSWORDS_PER_ADDRESS, "127.0.0.1", 50)
        form = {"email": EMAIL, "password": PASSWORD}

        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
            answer = client.post("/inloggen/", form, headers={name: "192.0.2.1"})
            assert answer.status_code == 429

    def test_counts_visitors_apart_behind_a_proxy(
        self, client: Client, enrolled: Enrolled, settings: Settings
    ) -> None:
        settings.TRUSTED_PROXY_COUNT = 1
        try_often(throttle.PASSWORDS_PER_ADDRESS, "192.0.2.1", 50)
        try_often(throttle.PASSWORDS_PER_ADDRESS, "127.0.0.1", 50)
        form = {"email": EMAIL, "password": PASSWORD}

        tried_often = client.post("/inloggen/", form, headers={"X-Forwarded-For": "192.0.2.1"})
        pretends = client.post(
            "/inloggen/", form, headers={"X-Forwarded-For": "192.0.2.2, 192.0.2.1"}
        )
        neighbour = client.post("/inloggen/", form, headers={"X-Forwarded-For": "192.0.2.2"})

        assert [tried_often.status_code, pretends.status_code] == [429, 429]
        assert neighbour.status_code == 302

    def test_does_not_hit_neighbours_who_succeed(self, client: Client, enrolled: Enrolled) -> None:
        try_often(throttle.PASSWORDS_PER_ADDRESS, "127.0.0.1", 49)

        assert [give_password(client).status_code for _ in range(3)] == [302] * 3

    def test_is_forgotten_for_the_account_after_logging_in(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        for _ in range(9):
            give_password(client, password="verkeerd wachtwoord")
        log_in(client, enrolled)

        answers = [give_password(client, password="verkeerd").status_code for _ in range(11)]

        assert answers == [422] * 10 + [429]

    def test_fills_the_log_with_one_line(self, client: Client, enrolled: Enrolled) -> None:
        for _ in range(13):
            give_password(client, password="verkeerd wachtwoord")

        reasons = [
            entry.internal["reason"] for entry in events(EventKind.SIGN_IN_FAILED) if entry.internal
        ]
        assert reasons == ["too-many-attempts"] + ["wrong-password"] * 10


class TestCode:
    def test_completes_the_log_in(self, client: Client, enrolled: Enrolled) -> None:
        answer = log_in(client, enrolled)

        assert answer.headers["Location"] == "/mijn-gegevens/#inhoud"
        assert is_logged_in(client)
        assert "pending_log_in" not in client.session

    def test_brings_an_officer_to_the_log(self, client: Client, enrolled_officer: Enrolled) -> None:
        answer = log_in(client, enrolled_officer, email=OFFICER_EMAIL)

        assert answer.headers["Location"] == "/kantoor/logboek/#inhoud"

    def test_gives_the_session_another_key_at_each_step(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        client.get("/inloggen/")
        give_password(client)
        halfway = client.session.session_key
        client.post("/inloggen/code/", {"code": enrolled.code(NOW)})
        complete = client.session.session_key

        assert halfway
        assert complete
        assert halfway != complete
        assert not client.session.exists(halfway)

    def test_works_once(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        other = Client()

        answer = log_in(other, enrolled)

        assert answer.status_code == 422
        assert not is_logged_in(other)

    @pytest.mark.parametrize("spelling", ["{0} ", "+{0}", "0{0}", "{1} {2}", "{0}.0"])
    def test_works_once_in_any_spelling(
        self, client: Client, enrolled: Enrolled, spelling: str
    ) -> None:
        log_in(client, enrolled)
        other = Client()
        code = enrolled.code(NOW)

        give_password(other)
        answer = other.post("/inloggen/code/", {"code": spelling.format(code, code[:3], code[3:])})

        assert answer.status_code == 422

    def test_that_is_wrong_says_so_and_is_logged(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client)

        answer = client.post("/inloggen/code/", {"code": enrolled.wrong_code(NOW)})

        assert answer.status_code == 422
        assert b'role="alert"' in answer.content
        assert b'aria-invalid="true"' in answer.content
        assert [entry.shown for entry in events(EventKind.SIGN_IN_FAILED)] == [{"step": "app"}]

    def test_that_is_missing_is_asked_for_again(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client)

        assert client.post("/inloggen/code/", {"code": " "}).status_code == 422

    def test_waits_after_three_wrong_ones(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client)
        for _ in range(3):
            client.post("/inloggen/code/", {"code": enrolled.wrong_code(NOW)})

        answer = client.post("/inloggen/code/", {"code": enrolled.code(NOW)})

        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) <= 2
        assert not is_logged_in(client)

    def test_no_longer_counts_after_fifty_wrong_ones(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        TotpDevice.objects.update(throttling_failure_count=DISABLED_AT)
        give_password(client)

        answer = client.post("/inloggen/code/", {"code": enrolled.code(NOW)})

        assert answer.status_code == 422
        assert not is_logged_in(client)

    def test_is_asked_of_nobody_without_an_app(self, client: Client, anna: DataSubject) -> None:
        give_password(client)

        assert client.get("/inloggen/code/").headers["Location"] == "/inloggen/instellen/#inhoud"

    def test_tried_on_and_on_is_logged_once(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client)
        try_often(throttle.CODES_PER_ADDRESS, "127.0.0.1", 20)
        for _ in range(3):
            client.post("/inloggen/code/", {"code": enrolled.wrong_code(NOW)})

        (entry,) = events(EventKind.SIGN_IN_FAILED)
        assert (entry.internal or {})["reason"] == "too-many-attempts"

    def test_is_held_up_per_address_as_well(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client)
        try_often(throttle.CODES_PER_ADDRESS, "127.0.0.1", 20)

        assert client.post("/inloggen/code/", {"code": enrolled.code(NOW)}).status_code == 429

    def test_is_logged_for_the_customer(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)

        (entry,) = events(EventKind.SIGNED_IN)
        assert entry.actor is Actor.DATA_SUBJECT
        assert entry.subject_id == enrolled.user.data_subject.id
        assert entry.shown == {"factor": "app"}
        assert entry.internal == {}

    def test_is_logged_for_an_officer_without_a_data_subject(
        self, client: Client, enrolled_officer: Enrolled
    ) -> None:
        log_in(client, enrolled_officer, email=OFFICER_EMAIL)

        (entry,) = events(EventKind.SIGNED_IN)
        assert entry.actor is Actor.OFFICER
        assert entry.subject_id is None
        assert entry.internal == {"factor": "app", "user": str(enrolled_officer.user.id)}

    def test_that_is_refused_names_no_customer_for_ever(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        give_password(client, password="verkeerd wachtwoord")

        (entry,) = events(EventKind.SIGN_IN_FAILED)
        assert entry.subject_id == enrolled.user.data_subject.id
        assert entry.internal == {"reason": "wrong-password"}

    def test_of_an_officer_who_is_a_customer_too_names_the_officer(
        self, client: Client, enrolled_officer: Enrolled
    ) -> None:
        factories.make_subject("VW-0000009", user=enrolled_officer.user)

        log_in(client, enrolled_officer, email=OFFICER_EMAIL)

        (entry,) = events(EventKind.SIGNED_IN)
        assert entry.internal == {"user": str(enrolled_officer.user.id)}

    def test_of_a_login_without_a_data_subject_names_the_login(
        self, client: Client, clock: object, organisation: object
    ) -> None:
        user = factories.make_user()

        log_in(client, enrol(user))

        (entry,) = events(EventKind.SIGNED_IN)
        assert entry.internal == {"factor": "app", "user": str(user.id)}


class TestAtOnce:
    """Requests that came together have all read the session before any of them changed it."""

    def requests(self, client: Client, path: str, form: dict[str, str]) -> list[HttpRequest]:
        def loaded() -> HttpRequest:
            request = RequestFactory().post(path, form)
            request.session = SessionStore(client.session.session_key)
            assert "pending_log_in" in request.session
            request.user = AnonymousUser()
            request._messages = CookieStorage(request)  # type: ignore[attr-defined]
            return request

        return [loaded() for _ in range(6)]

    def check(self, requests: list[HttpRequest], answers: list[HttpResponseBase]) -> None:
        assert [answer.headers["Location"] for answer in answers] == [
            "/mijn-gegevens/#inhoud",
            *["/inloggen/#inhoud"] * 5,
        ]
        assert len(events(EventKind.SIGNED_IN)) == 1
        logged_in = ["_auth_user_id" in request.session for request in requests]
        assert logged_in == [True, *[False] * 5]
        assert not UserSession.objects.exists()  # the first one is saved with its answer

    def test_keeping_new_codes_gives_one_session(self, client: Client, enrolled: Enrolled) -> None:
        RecoveryDevice.objects.all().delete()
        log_in(client, enrolled)
        page = "/inloggen/instellen/herstelcodes/"
        answers, requests = [], []
        for request in self.requests(client, page, {}):
            code, *_ = operations.make_recovery_codes(user=enrolled.user)
            request.POST = QueryDict(f"code={code}")
            requests.append(request)
            answers.append(log_in_pages.enrol_codes(request))
        self.check(requests, answers)


class TestHalfway:
    PAGES = (
        "/inloggen/code/",
        "/inloggen/herstelcode/",
        "/inloggen/instellen/",
        "/inloggen/instellen/herstelcodes/",
    )

    @pytest.mark.parametrize("page", PAGES)
    def test_pages_are_closed_without_a_password(
        self, client: Client, enrolled: Enrolled, page: str
    ) -> None:
        for answer in (client.get(page), client.post(page, {"code": enrolled.code(NOW)})):
            assert answer.headers["Location"] == "/inloggen/#inhoud"

    def test_lasts_ten_minutes(
        self, client: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        give_password(client)
        late = NOW + timedelta(minutes=10)
        clock.move_to(late, tick=False)

        answer = client.post("/inloggen/code/", {"code": enrolled.code(late)}, follow=True)

        assert answer.redirect_chain == [("/inloggen/#inhoud", 302)]
        assert b'role="status"' in answer.content
        assert not is_logged_in(client)

    def test_ends_when_the_account_is_closed(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client)
        User.objects.update(is_active=False)

        answer = client.post("/inloggen/code/", {"code": enrolled.code(NOW)})

        assert answer.headers["Location"] == "/inloggen/#inhoud"

    def test_is_over_when_another_log_in_begins(
        self, client: Client, enrolled: Enrolled, enrolled_officer: Enrolled
    ) -> None:
        give_password(client)
        give_password(client, email=OFFICER_EMAIL)

        answer = client.post("/inloggen/code/", {"code": enrolled.code(NOW)})

        assert answer.status_code == 422


class TestFactorThatIsGone:
    def test_logs_nobody_in(self, client: Client, enrolled: Enrolled) -> None:
        """The app was removed elsewhere, between passing it and keeping the new recovery codes."""
        RecoveryDevice.objects.all().delete()
        log_in(client, enrolled)
        page = client.post("/inloggen/instellen/herstelcodes/")
        TotpDevice.objects.all().delete()

        answer = keep(client, page)

        assert answer.headers["Location"] == "/inloggen/#inhoud"
        assert not is_logged_in(client)


class TestRecoveryCode:
    def use(self, client: Client, code: str) -> "Answer":
        give_password(client)
        return client.post("/inloggen/herstelcode/", {"code": code})

    def test_leads_to_a_new_app_and_no_further(self, client: Client, enrolled: Enrolled) -> None:
        answer = self.use(client, enrolled.codes[0])

        assert answer.headers["Location"] == "/inloggen/instellen/#inhoud"
        for page in ("instellen/", "instellen/herstelcodes/"):
            client.post(f"/inloggen/{page}", {"later": "1", "kept": "1"})
        assert not is_logged_in(client)
        # Whoever stops here keeps the app that there was: a password alone sets up none.
        assert TotpDevice.objects.filter(confirmed=True).count() == 1

    def test_is_told_to_its_owner(self, client: Client, enrolled: Enrolled) -> None:
        self.use(client, enrolled.codes[0])

        assert Notice.objects.get().kind == NoticeKind.RECOVERY_CODE_USED

    def test_no_longer_counts_after_fifty_wrong_ones(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        RecoveryDevice.objects.update(throttling_failure_count=DISABLED_AT)

        answer = self.use(client, enrolled.codes[0])

        assert answer.status_code == 422
        assert "Bel ons" in answer.content.decode()

    def test_works_once(self, client: Client, enrolled: Enrolled) -> None:
        self.use(client, enrolled.codes[0])

        answer = self.use(Client(), enrolled.codes[0])

        assert answer.status_code == 422

    def test_is_logged(self, client: Client, enrolled: Enrolled) -> None:
        self.use(client, enrolled.codes[0])

        (used,) = events(EventKind.RECOVERY_CODE_USED)
        assert used.subject_id == enrolled.user.data_subject.id

    def test_lets_a_new_app_take_the_place_of_the_old(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        self.use(client, enrolled.codes[0])
        client.get("/inloggen/instellen/")
        new = TotpDevice.objects.get(confirmed=False)
        replacement = Enrolled(user=enrolled.user, secret=new.secret(), codes=())

        page = client.post("/inloggen/instellen/", {"code": replacement.code(NOW)})
        answer = keep(client, page)

        assert page.status_code == 200
        assert answer.headers["Location"] == "/mijn-gegevens/#inhoud"
        assert is_logged_in(client)
        assert [device.pk for device in TotpDevice.objects.all()] == [new.pk]
        assert self.use(Client(), enrolled.codes[1]).status_code == 422

    def test_ends_sessions_that_the_lost_app_opened(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        thief = Client()
        log_in(thief, enrolled)
        assert is_logged_in(thief)

        self.test_lets_a_new_app_take_the_place_of_the_old(client, enrolled)

        assert not is_logged_in(thief)

    def test_waits_after_three_wrong_ones_apart_from_the_app(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        give_password(client)
        for _ in range(3):
            client.post("/inloggen/herstelcode/", {"code": "0000-0000-0000-0000"})

        assert client.post("/inloggen/herstelcode/", {"code": enrolled.codes[0]}).status_code == 429
        assert client.post("/inloggen/code/", {"code": enrolled.code(NOW)}).status_code == 302

    def test_is_not_asked_from_who_has_none(self, client: Client, enrolled: Enrolled) -> None:
        RecoveryDevice.objects.all().delete()
        give_password(client)

        assert client.get("/inloggen/herstelcode/").headers["Location"] == "/inloggen/code/#inhoud"

    def test_is_nothing_else_than_a_code(self, client: Client, enrolled: Enrolled) -> None:
        assert self.use(client, "geen code").status_code == 422
        assert RecoveryDevice.objects.get().codes_left() == 10


class TestNextPage:
    @pytest.mark.parametrize("page", ["/wie-keek/", "/wie-keek/?soort=gebruikt", "/toestemmingen/"])
    def test_is_the_page_one_came_for(self, client: Client, enrolled: Enrolled, page: str) -> None:
        asked = client.get(page)
        form = client.get(asked.headers["Location"])
        assert form.status_code == 200

        give_password(client, next_page=page)
        answer = client.post("/inloggen/code/", {"code": enrolled.code(NOW)})

        assert answer.headers["Location"] == f"{page}#inhoud"

    @pytest.mark.parametrize(
        "address",
        [
            "https://kwaad.example/",
            "//kwaad.example/",
            "///kwaad.example/",
            "/\\kwaad.example/",
            "\\\\kwaad.example/",
            "/%09/kwaad.example/",
            "/\t/kwaad.example/",
            "/\n/kwaad.example",
            "http:kwaad.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://user@kwaad.example/mijn-gegevens/",
            "//[kwaad/",
            # These lead to a page of ours here, and to another host in a browser.
            "//kwaad.example/mijn-gegevens/",
            "//kwaad.example\\@x/mijn-gegevens/",
            "//\\kwaad.example/mijn-gegevens/",
            "/\t/kwaad.example/mijn-gegevens/",
            "/\n/kwaad.example/mijn-gegevens/",
            "/\r\n/kwaad.example/wie-keek/?soort=gebruikt",
            "/mijn-gegevens/\r\nSet-Cookie: x=1",
            "\u2215\u2215kwaad.example",
            "mijn-gegevens/",
            "/bestaat-niet/",
            "/kantoor/logboek/",  # of another role
            "/uitloggen/",
            "/inloggen/",
            "/oauth/jwks.json",
        ],
    )
    def test_is_never_anything_else(self, anna: DataSubject, address: str) -> None:
        assert anna.user is not None
        assert next_page(address, user=anna.user) == "/mijn-gegevens/"

    def test_from_elsewhere_is_not_followed(self, client: Client, enrolled: Enrolled) -> None:
        give_password(client, next_page="https://kwaad.example/")
        answer = client.post("/inloggen/code/", {"code": enrolled.code(NOW)})

        assert answer.headers["Location"] == "/mijn-gegevens/#inhoud"


class TestLogOut:
    def test_ends_the_session_and_says_so(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        key = client.session.session_key

        answer = client.post("/uitloggen/")

        assert answer.headers["Location"] == "/"
        assert "storage" in answer.headers["Clear-Site-Data"]
        assert not client.session.exists(key or "")
        assert b'role="status"' in client.get("/").content
        assert not is_logged_in(client)

    def test_is_not_a_link(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)

        assert client.get("/uitloggen/").status_code == 405
        assert is_logged_in(client)

    def test_of_who_is_not_logged_in_is_harmless(self, client: Client) -> None:
        assert client.post("/uitloggen/").headers["Location"] == "/"

    def test_needs_a_form_of_ours(self, enrolled: Enrolled) -> None:
        strict = Client(enforce_csrf_checks=True)

        for page in ("/uitloggen/", "/inloggen/"):
            assert strict.post(page).status_code == 403


class TestLogInPage:
    def test_sends_on_who_is_logged_in(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)

        assert client.get("/inloggen/").headers["Location"] == "/mijn-gegevens/"

    @pytest.mark.parametrize("page", ["/inloggen/", *TestHalfway.PAGES[:2]])
    def test_has_nothing_inline(self, client: Client, enrolled: Enrolled, page: str) -> None:
        give_password(client)
        html = client.get(page).content.decode()

        assert "style=" not in html
        assert not re.search(r"<script(?! src=\"/static/)", html)
        assert "onclick" not in html
