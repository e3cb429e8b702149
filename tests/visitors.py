"""People in front of a screen: a test client that passed both factors, and what a page says to it."""

import re
from html import unescape

from django.test import Client
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from accounts.models import TotpDevice, User
from accounts.session_rules import Method


def client_of(user: User) -> Client:
    """Return the browser of someone who logged in with a password and a code."""
    client = Client()
    client.force_login(user)
    device = TotpDevice.objects.create(user=user, name="app", confirmed=True, secret_sealed=b"-")
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session["role"] = user.role
    session["proofs"] = [
        {"method": Method.APP, "at": timezone.now().isoformat(), "device": device.persistent_id}
    ]
    session.save()
    return client


def words(html: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
