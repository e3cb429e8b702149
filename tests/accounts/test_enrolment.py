import re
from base64 import b32decode
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client, RequestFactory

from accounts import operations, throttle, totp
from accounts.errors import AlreadyEnrolledError
from accounts.models import DataSubject, RecoveryDevice, TotpDevice
from accounts.pending import Pending
from accounts.views.log_in import _set_up
from audit import queries as log
from audit.events import EventKind
from consent.models import Organisation
from tests.accounts.steps import Enrolled, give_password, try_often, user_of
from tests.factories import NOW

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

CODE = re.compile(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}")


@pytest.fixture(autouse=True)
def _anna(clock: time_machine.Traveller, organisation: Organisation, anna: DataSubject) -> None:
    """Anna has an account, and no second factor yet."""


def code_of(device: TotpDevice) -> str:
    return totp.code_at(device.secret(), totp.step_at(NOW.timestamp()))


def set_up(client: Client) -> "Answer":
    give_password(client)
    client.get("/inloggen/instellen/")
    return client.post("/inloggen/instellen/", {"code": code_of(TotpDevice.objects.get())})


def keep(client: Client, page: "Answer") -> "Answer":
    """Type back one of the codes on this page."""
    code = CODE.findall(page.content.decode())[0]
    return client.post("/inloggen/instellen/herstelcodes/", {"code": code})


class TestSettingUpAnApp:
    def test_shows_the_secret_as_picture_and_as_text(self, client: Client) -> None:
        give_password(client)

        html = client.get("/inloggen/instellen/").content.decode()

        assert "<svg" in html
        assert "style=" not in html
        assert totp.in_groups(TotpDevice.objects.get().secret()) in html

    def test_opens_the_app_on_the_phone_itself(self, client: Client) -> None:
        give_password(client)
        html = client.get("/inloggen/instellen/").content.decode()

        link = re.search(r'href="(otpauth://totp/[^"]+)"', html)
        assert link is not None
        asked = parse_qs(urlsplit(unescape(link[1])).query)
        assert totp.in_groups(b32decode(asked["secret"][0])) in html
        assert html.index(link[1]) < html.index('class="qr"')

    def test_keeps_the_secret_out_of_the_session(self, client: Client) -> None:
        give_password(client)
        client.get("/inloggen/instellen/")

        device = TotpDevice.objects.get()
        assert client.session["pending_log_in"]["app"] == device.pk
        assert totp.in_groups(device.secret()).replace(" ", "") not in str(dict(client.session))

    def test_keeps_the_secret_while_codes_are_typed(self, client: Client) -> None:
        give_password(client)
        client.get("/inloggen/instellen/")
        secret = TotpDevice.objects.get().secret()

        client.post("/inloggen/instellen/", {"code": ""})
        client.post("/inloggen/instellen/", {"code": "abcdef"})
        client.get("/inloggen/instellen/")

        assert TotpDevice.objects.get().secret() == secret

    def test_shows_ten_codes_and_then_logs_in(self, client: Client) -> None:
        page = set_up(client)
        codes = CODE.findall(page.content.decode())

        answer = keep(client, page)

        assert page.status_code == 200
        assert len(set(codes)) == 10
        assert answer.headers["Location"] == "/mijn-gegevens/#inhoud"
        assert client.get("/mijn-gegevens/").status_code == 200

    def test_is_logged(self, client: Client) -> None:
        set_up(client)

        found = log.entries(
            filter=log.EntryFilter(kind=EventKind.SECOND_FACTOR_ADDED), before=None, limit=9
        )
        assert len(found) == 1

    def test_logs_nobody_in_before_the_codes_were_kept(self, client: Client) -> None:
        set_up(client)

        assert client.get("/mijn-gegevens/").status_code == 302

    def test_gives_the_session_another_key(self, client: Client) -> None:
        give_password(client)
        client.get("/inloggen/instellen/")
        halfway = client.session.session_key
        page = client.post("/inloggen/instellen/", {"code": code_of(TotpDevice.objects.get())})
        passed = client.session.session_key
        keep(client, page)

        assert len({halfway, passed, client.session.session_key}) == 3

    def test_leaves_no_app_behind_that_could_still_be_confirmed(self, client: Client) -> None:
        set_up(client)

        kept = client.session["pending_log_in"]
        assert (kept["app"], kept["passed"]) == (None, TotpDevice.objects.get().persistent_id)

    def test_takes_no_wrong_code_and_holds_up_guessing(self, client: Client) -> None:
        give_password(client)
        client.get("/inloggen/instellen/")
        answers = [
            client.post("/inloggen/instellen/", {"code": "abcdef"}).status_code for _ in range(4)
        ]

        assert answers == [422, 422, 422, 429]
        assert not TotpDevice.objects.filter(confirmed=True).exists()

    def test_is_held_up_when_begun_again_and_again(self, client: Client) -> None:
        try_often(throttle.CODES_PER_ADDRESS, "127.0.0.1", 20)

        assert set_up(client).status_code == 429
        assert not TotpDevice.objects.filter(confirmed=True).exists()


class TestEachLogInApart:
    def test_has_a_secret_of_its_own(self, client: Client) -> None:
        """Who knows the password must not learn the secret that its owner is about to confirm."""
        thief = Client()
        give_password(thief)
        thief.get("/inloggen/instellen/")
        seen_by_thief = TotpDevice.objects.get()
        give_password(client)
        client.get("/inloggen/instellen/")
        owned = TotpDevice.objects.exclude(pk=seen_by_thief.pk).get()

        shown_again = thief.get("/inloggen/instellen/").content.decode()
        refused = client.post("/inloggen/instellen/", {"code": code_of(seen_by_thief)})
        client.post("/inloggen/instellen/", {"code": code_of(owned)})

        assert totp.in_groups(owned.secret()) not in shown_again
        assert refused.status_code == 422
        assert [device.pk for device in TotpDevice.objects.all()] == [owned.pk]

    def test_loses_to_the_first_that_is_confirmed(self, client: Client) -> None:
        late = Client()
        give_password(late)
        late.get("/inloggen/instellen/")
        device = TotpDevice.objects.get()
        give_password(client)
        client.get("/inloggen/instellen/")
        first = TotpDevice.objects.exclude(pk=device.pk).get()
        client.post("/inloggen/instellen/", {"code": code_of(first)})

        answers = [
            late.post("/inloggen/instellen/", {"code": code}) for code in ("123456", code_of(first))
        ]

        assert {answer.headers["Location"] for answer in answers} == {"/inloggen/code/#inhoud"}
        assert TotpDevice.objects.get().pk == first.pk

    def test_loses_even_when_both_looked_before_either_was_confirmed(
        self, client: Client, rf: RequestFactory
    ) -> None:
        set_up(client)
        user = TotpDevice.objects.get().user
        second = operations.start_app(user=user, at=NOW)
        halfway = Pending(user_id=user.id, since=NOW, next="/", app=second.pk)

        answer = _set_up(rf.post("/", {"code": code_of(second)}), halfway, user, second)

        assert answer.headers["Location"] == "/inloggen/code/#inhoud"
        assert not TotpDevice.objects.get(pk=second.pk).confirmed


class TestOncePasswordIsNotEnough:
    def test_a_second_app_needs_the_first(self, client: Client) -> None:
        set_up(client)
        thief = Client()
        give_password(thief)

        for answer in (
            thief.get("/inloggen/instellen/"),
            thief.post("/inloggen/instellen/", {"code": "123456"}),
            thief.post("/inloggen/instellen/", {"later": "1"}),
        ):
            assert answer.headers["Location"] == "/inloggen/code/#inhoud"
        assert TotpDevice.objects.count() == 1

    def test_codes_are_not_shown_to_who_has_only_the_password(self, client: Client) -> None:
        keep(client, set_up(client))
        thief = Client()
        give_password(thief)

        for data in ({}, {"code": "0000-0000-0000-0000"}):
            answer = thief.post("/inloggen/instellen/herstelcodes/", data)
            assert answer.headers["Location"] == "/inloggen/instellen/#inhoud"

    def test_the_operation_refuses_too(self, client: Client) -> None:
        set_up(client)
        first = TotpDevice.objects.select_related("user").get()
        user = first.user
        second = operations.start_app(user=user, at=NOW)

        with pytest.raises(AlreadyEnrolledError):
            operations.confirm_app(
                user=user,
                device=second,
                code=code_of(second),
                address="192.0.2.1",
                is_replacing=False,
                at=NOW,
            )


class TestRecoveryCodesPage:
    def test_shows_codes_once(self, client: Client) -> None:
        shown = set(CODE.findall(set_up(client).content.decode()))

        again = client.get("/inloggen/instellen/herstelcodes/").content.decode()
        renewed = client.post("/inloggen/instellen/herstelcodes/").content.decode()

        assert not CODE.findall(again)
        assert len(CODE.findall(renewed)) == 10
        assert not shown & set(CODE.findall(renewed))

    def test_comes_back_at_the_next_log_in_when_they_were_not_kept(
        self, client: Client, clock: time_machine.Traveller
    ) -> None:
        set_up(client)
        later = NOW + timedelta(minutes=2)
        clock.move_to(later, tick=False)
        device = TotpDevice.objects.get()
        person = Enrolled(user=device.user, secret=device.secret(), codes=())
        fresh = Client()
        give_password(fresh)

        answer = fresh.post("/inloggen/code/", {"code": person.code(later)})

        assert answer.headers["Location"] == "/inloggen/instellen/herstelcodes/#inhoud"
        assert fresh.get("/mijn-gegevens/").status_code == 302
        keep(fresh, fresh.post("/inloggen/instellen/herstelcodes/"))
        assert fresh.get("/mijn-gegevens/").status_code == 200

    def test_does_not_count_codes_that_were_never_shown(self, client: Client) -> None:
        page = set_up(client)
        RecoveryDevice.objects.all().delete()

        answer = keep(client, page)

        assert answer.status_code == 422
        assert not client.session.get("_auth_user_id")

    @pytest.mark.parametrize("typed", ["0000-0000-0000-0000", "1", " "])
    def test_asks_for_one_of_the_codes_and_shows_none_again(
        self, client: Client, typed: str
    ) -> None:
        set_up(client)

        answer = client.post("/inloggen/instellen/herstelcodes/", {"code": typed})

        assert answer.status_code == 422
        page = answer.content.decode()
        assert b'role="alert"' in answer.content
        assert not CODE.findall(page.replace(typed, ""))
        assert "Nieuwe codes tonen" in page
        assert not RecoveryDevice.objects.filter(confirmed=True).exists()

    def test_codes_shown_once(self, client: Client) -> None:
        """One is typed back before they count, in any spelling; it is not used up by that."""
        codes = CODE.findall(set_up(client).content.decode())
        typed = codes[9].lower().replace("-", " ")

        answer = client.post("/inloggen/instellen/herstelcodes/", {"code": typed})

        assert answer.headers["Location"] == "/mijn-gegevens/#inhoud"
        assert RecoveryDevice.objects.get(confirmed=True).codes_left() == 10


class TestWithoutAPerson:
    def test_an_app_is_set_up_once(self, anna: DataSubject) -> None:
        operations.enrol(user=user_of(anna), at=NOW)

        with pytest.raises(AlreadyEnrolledError):
            operations.enrol(user=user_of(anna), at=NOW)
