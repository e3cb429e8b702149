"""What surrounds every page: who the organisation is, who is logged in, and where one can go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext, gettext_lazy

from accounts import sessions
from accounts.acting import mandate_of
from accounts.gates import data_subject_of, verified_user
from accounts.identity import name_of
from accounts.models import Passkey, Role, User
from accounts.queries import log_in_is_attacked
from accounts.wording import SessionEnd, session_end
from audit import health
from consent.queries.register import organisation
from consent.queries.values import OrganisationView

_NAME_BEFORE_THE_FIRST_CATALOGUE = "Regie"
_STAFF = {
    Role.OFFICER: gettext_lazy("Privacy officer"),
    Role.DESK: gettext_lazy("Service desk"),
    Role.ADMIN: gettext_lazy("Administrator"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItem:
    url: str
    label: str
    icon: str
    is_current: bool


class Frame:
    """The parts around a page. Nothing is read until a template asks: an error page asks nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def organisation(self) -> OrganisationView | None:
        return organisation(language=self.language)

    @cached_property
    def name(self) -> str:
        found = self.organisation
        return found.name if found else _NAME_BEFORE_THE_FIRST_CATALOGUE

    @property
    def language(self) -> str:
        return get_language() or settings.LANGUAGE_CODE

    @property
    def other_languages(self) -> list[tuple[str, str]]:
        """Return the languages one can switch to, each in its own words."""
        return [(code, name) for code, name in settings.LANGUAGES if code != self.language]

    @property
    def here(self) -> str:
        """Return where a switch of language comes back to; never with what was typed in a form."""
        if self._request.method in {"GET", "HEAD"}:
            return self._request.get_full_path()
        return self._request.path

    @cached_property
    def user(self) -> User | None:
        """Return who passed both factors, if anyone did."""
        return verified_user(self._request)

    @property
    def is_customer(self) -> bool:
        return self.user is not None and self.user.role == Role.CUSTOMER

    @property
    def is_officer(self) -> bool:
        return self.user is not None and self.user.role == Role.OFFICER

    @cached_property
    def session(self) -> SessionEnd | None:
        """Return until when one stays logged in; None for who is not."""
        return (
            session_end(sessions.current(self._request), at=timezone.now()) if self.user else None
        )

    @property
    def previous_log_in(self) -> datetime | None:
        """Return when one logged in the time before."""
        return sessions.previous_log_in(self._request)

    @property
    def is_desk(self) -> bool:
        return self.user is not None and self.user.role == Role.DESK

    @property
    def base(self) -> str:
        """Return the page around a page that customers and staff share."""
        is_staff = self.user is not None and not self.is_customer
        return "base_office.html" if is_staff else "base.html"

    @property
    def is_by_passkey(self) -> bool:
        """Say whether this session was opened with a passkey."""
        return isinstance(getattr(self._request.user, "otp_device", None), Passkey)

    @cached_property
    def acting_for(self) -> str:
        """Return for whom this customer acts at this moment, by name; "" for himself."""
        own = data_subject_of(self._request)
        if own is None:
            return ""
        mandate = mandate_of(self._request, representative_id=own.pk, at=timezone.now())
        return name_of(mandate.represented) if mandate else ""

    @cached_property
    def person(self) -> str:
        """Return how the header names who is logged in: one query for a customer, none for the office."""
        if self.user is not None and self.user.role in _STAFF:
            return str(_STAFF[Role(self.user.role)])
        subject = data_subject_of(self._request)
        return name_of(subject) if subject else ""

    @cached_property
    def menu(self) -> list[MenuItem]:
        """Return the main menu: at most six items, in the words of the headings they lead to."""
        if self.is_officer:
            return [
                self._item("log", gettext("Log"), "history"),
                self._item("exports", gettext("Exports"), "file"),
                self._item("legal-mandates", gettext("Mandates"), "user"),
                self._security,
            ]
        if self.is_desk:
            return [self._item("desk", gettext("Service desk"), "user"), self._security]
        if not self.is_customer:
            return [self._security] if self.user else []
        about = [
            self._item("my-data", gettext("My data"), "grid"),
            self._item("my-choices", gettext("My choices"), "choice"),
            self._item("who-looked", gettext("Who looked?"), "eye"),
        ]
        if self.acting_for:
            return about
        return [*about, self._item("mandates", gettext("Mandates"), "user"), self._security]

    @property
    def _security(self) -> MenuItem:
        return self._item("security", gettext("My security"), "lock")

    @cached_property
    def alarms(self) -> list[health.Check]:
        """Return what is wrong with the log; for an officer only."""
        found = health.checks(at=timezone.now()) if self.is_officer else []
        return [check for check in found if not check.is_well]

    @cached_property
    def is_attacked(self) -> bool:
        """Return whether somebody tries passwords on very many accounts; for an officer only."""
        return self.is_officer and log_in_is_attacked(at=timezone.now())

    @property
    def is_demo(self) -> bool:
        return settings.DEMO

    def _item(self, name: str, label: str, icon: str) -> MenuItem:
        url = reverse(name)
        return MenuItem(
            url=url, label=label, icon=icon, is_current=self._request.path.startswith(url)
        )


def page_frame(request: HttpRequest) -> Mapping[str, object]:
    """Give every template its surroundings: at most two queries, and none on a page that does not ask."""
    frame = Frame(request)
    return {"frame": frame, "organisation": SimpleLazyObject(lambda: frame.organisation)}
