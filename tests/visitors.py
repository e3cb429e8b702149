"""People in front of a screen: a test client that passed both factors, and what a page says to it."""

import re
from datetime import timedelta
from html import unescape

from django.test import Client
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from accounts import operations, totp
from accounts.identity import reference_of
from accounts.mandate_rules import Limits
from accounts.models import DataSubject, Mandate, Role, TotpDevice, User
from accounts.session_rules import Method
from accounts.vocabulary import OpeningReason, Permission
from tests import factories


def client_of(user: User) -> Client:
    """Return the browser of someone who logged in with a password and a code."""
    client = Client()
    client.force_login(user)
    device = TotpDevice(user=user, name="app", confirmed=True)
    device.keep_secret(totp.new_secret(), at=timezone.now())
    device.save()
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session["role"] = user.role
    session["proofs"] = [
        {"method": Method.APP, "at": timezone.now().isoformat(), "device": device.persistent_id}
    ]
    session.save()
    return client


ALL = Limits(permissions=frozenset({Permission.VIEW, Permission.GIVE, Permission.WITHDRAW}))


def mandate_between(
    represented: DataSubject, representative: DataSubject, *, limits: Limits = ALL
) -> Mandate:
    """Return a mandate that was given and accepted just now."""
    at = timezone.now()
    given = operations.give_mandate(
        represented=represented,
        reference=reference_of(representative),
        limits=limits,
        until=at + timedelta(days=30),
        at=at,
    )
    return operations.accept_mandate(representative=representative, code=given.code, at=at)


def acting(*, for_: DataSubject, by: DataSubject | None = None, limits: Limits = ALL) -> Client:
    """Return the browser of someone who acts for another customer."""
    representative = by or factories.make_subject(
        "VW-0000008", name="mevrouw R. Vos", user=factories.make_user("vos@voorbeeld.example")
    )
    assert representative.user is not None
    mandate = mandate_between(for_, representative, limits=limits)
    client = client_of(representative.user)
    assert client.post(f"/machtigingen/{mandate.pk}/gebruiken/").status_code == 302
    return client


def at_the_desk(
    subject: DataSubject,
    *,
    note: str = "Vraag over de rekening",
    email: str = "desk@vechtwater.example",
    reference: str = "",
) -> Client:
    """Return the browser of an employee of the service desk who opened this customer.

    `reference` is for whose sealed number was changed by a test.
    """
    employee = factories.make_user(email, role=Role.DESK)
    client = client_of(employee)
    opening = operations.open_customer(
        employee=employee,
        reference=reference or reference_of(subject),
        reason=OpeningReason.CALLED,
        note=note,
        at=timezone.now(),
    )
    session = client.session
    session["desk_opening"] = str(opening.pk)
    session.save()
    return client


def words(html: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
