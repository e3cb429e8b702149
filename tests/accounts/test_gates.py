import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django_otp import DEVICE_ID_SESSION_KEY

from accounts.behalf import behalf_page
from accounts.gates import (
    Audience,
    audience_of,
    data_subject_page,
    officer_page,
    public_page,
    to_log_in,
)
from accounts.middleware import BothFactorsRequired
from accounts.models import DataSubject, TotpDevice, User
from accounts.policy import Action
from accounts.session_store import ROLE, SessionStore
from tests import factories
from tests.accounts.steps import Enrolled, log_in
from tests.visitors import mandate_between

pytestmark = pytest.mark.django_db


def unmarked(request: HttpRequest) -> HttpResponse:
    return HttpResponse("secret")


def as_user(user: User, *, verified: bool) -> HttpRequest:
    request = RequestFactory().get("/ergens/?x=1")
    user.is_verified = lambda: verified  # type: ignore[attr-defined]  # as the middleware does
    request.user = user
    request.session = SessionStore()
    request.session[ROLE] = user.role
    return request


def asked(view: object, request: HttpRequest) -> HttpResponse | None:
    return BothFactorsRequired(unmarked).process_view(request, view, (), {})  # type: ignore[arg-type,return-value]


class TestDenyByDefault:
    def test_sends_away_from_a_view_that_says_nothing(self, carla: User) -> None:
        answer = asked(unmarked, as_user(carla, verified=False))

        assert answer is not None
        assert answer.headers["Location"] == "/inloggen/?next=%2Fergens%2F%3Fx%3D1"

    def test_leads_back_to_no_page_that_is_not_there(self) -> None:
        request = RequestFactory().post("/ergens/")

        answer = to_log_in(request)

        assert answer.headers["Location"] == "/inloggen/#inhoud"

    def test_lets_in_who_passed_both_factors(self, carla: User) -> None:
        assert asked(unmarked, as_user(carla, verified=True)) is None

    def test_lets_everyone_in_where_that_is_said(self, carla: User) -> None:
        assert asked(public_page(unmarked), as_user(carla, verified=False)) is None

    def test_a_session_with_a_password_alone_is_nobody(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        client.force_login(enrolled.user)

        assert client.get("/mijn-gegevens/").headers["Location"].startswith("/inloggen/")

    def test_says_so_when_something_was_filled_in(
        self, client: Client, organisation: object
    ) -> None:
        answer = client.post(
            "/toestemmingen/lekwaarschuwing/", {"choice-usage": "yes"}, follow=True
        )

        purpose = "%2Ftoestemmingen%2Flekwaarschuwing%2F"
        assert answer.redirect_chain == [(f"/inloggen/?next={purpose}#inhoud", 302)]
        assert b'role="status"' in answer.content
        assert b'value="/toestemmingen/lekwaarschuwing/"' in answer.content

    def test_leads_back_to_no_address_that_only_takes_forms(
        self, client: Client, organisation: object
    ) -> None:
        for address in (
            "/toestemmingen/lekwaarschuwing/niet-meer-tonen/",
            "/kantoor/logboek/export/",
        ):
            assert client.post(address).headers["Location"] == "/inloggen/#inhoud"


class TestGates:
    def test_mark_the_view(self) -> None:
        assert audience_of(public_page(unmarked)) is Audience.EVERYONE
        assert audience_of(data_subject_page(unmarked)) is Audience.DATA_SUBJECT  # type: ignore[arg-type]
        assert audience_of(officer_page(unmarked)) is Audience.OFFICER  # type: ignore[arg-type]
        assert audience_of(unmarked) is None

    def test_ask_for_both_factors_without_the_middleware_too(self, anna: DataSubject) -> None:
        assert anna.user is not None
        for gate in (data_subject_page, officer_page):
            answer = gate(unmarked)(as_user(anna.user, verified=False))  # type: ignore[arg-type]
            assert answer.status_code == 302

    def test_keep_a_customer_out_of_the_office(self, anna: DataSubject) -> None:
        assert anna.user is not None
        with pytest.raises(PermissionDenied):
            officer_page(unmarked)(as_user(anna.user, verified=True))  # type: ignore[arg-type]

    def test_find_no_data_subject_behind_an_officer(self, carla: User) -> None:
        with pytest.raises(Http404):
            data_subject_page(unmarked)(as_user(carla, verified=True))  # type: ignore[arg-type]

    def test_show_an_officer_who_is_a_customer_too_the_office_only(self, carla: User) -> None:
        factories.make_subject(user=carla)

        with pytest.raises(Http404):
            data_subject_page(unmarked)(as_user(carla, verified=True))  # type: ignore[arg-type]


class TestLosingAFactor:
    def test_ends_when_the_device_is_gone(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        TotpDevice.objects.all().delete()

        assert client.get("/mijn-gegevens/").status_code == 302

    def test_ends_when_the_device_no_longer_counts(
        self, client: Client, enrolled: Enrolled
    ) -> None:
        log_in(client, enrolled)
        TotpDevice.objects.update(confirmed=False)

        assert client.get("/mijn-gegevens/").status_code == 302

    def test_ends_when_the_account_is_closed(self, client: Client, enrolled: Enrolled) -> None:
        log_in(client, enrolled)
        User.objects.update(is_active=False)

        assert client.get("/mijn-gegevens/").status_code == 302

    def test_a_device_of_someone_else_is_no_factor(
        self, client: Client, enrolled: Enrolled, carla: User
    ) -> None:
        client.force_login(carla)
        session = client.session
        session[DEVICE_ID_SESSION_KEY] = TotpDevice.objects.get().persistent_id
        session.save()

        assert client.get("/kantoor/logboek/").status_code == 302


class TestBehalf:
    def test_refuses_what_no_mandate_says(self, anna: DataSubject, bram: DataSubject) -> None:
        mandate = mandate_between(anna, bram)
        assert bram.user is not None
        request = as_user(bram.user, verified=True)
        page = behalf_page(Action.EXPORT)(shown)
        assert page(request).status_code == 200

        request.session = {"mandate": str(mandate.pk)}  # type: ignore[assignment]
        with pytest.raises(PermissionDenied):
            page(request)

    def test_is_for_customers_who_passed_both_factors(self, anna: DataSubject, carla: User) -> None:
        assert anna.user is not None
        page = behalf_page(Action.READ_DATA)(shown)

        assert page(as_user(anna.user, verified=False)).status_code == 302
        with pytest.raises(Http404):
            page(as_user(carla, verified=True))

    def test_own_pages_refuse_who_acts_without_the_middleware_too(
        self, anna: DataSubject, bram: DataSubject, organisation: object
    ) -> None:
        mandate = mandate_between(anna, bram)
        assert bram.user is not None
        request = as_user(bram.user, verified=True)
        request.session = {"mandate": str(mandate.pk)}  # type: ignore[assignment]

        assert data_subject_page(shown)(request).status_code == 403


def shown(_request: HttpRequest, _behalf: object) -> HttpResponse:
    return HttpResponse("data")
