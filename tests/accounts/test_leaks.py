"""Whoever holds a copy of the database, or reads the server's log, learns no secret from it."""

import base64
import logging

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from accounts import operations, totp
from accounts.models import Role, TotpDevice
from accounts.passwords import TunedArgon2
from tests.accounts.steps import Enrolled, give_password
from tests.factories import NOW, PASSWORD

pytestmark = pytest.mark.django_db

EMAIL = "kanarie.vogel@voorbeeld.example"
NAME = "de heer K. Kanarie"
REFERENCE = "KANARIE-4711"


def dump() -> bytes:
    """Return every value in every table, as text and as bytes."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            for row in cursor.fetchall():
                for value in row:
                    is_bytes = isinstance(value, bytes | memoryview)
                    found.append(bytes(value) if is_bytes else str(value).encode())
    return b"\n".join(found)


def test_database_holds_no_secret_in_the_clear(
    client: Client, clock: object, organisation: object
) -> None:
    user = operations.create_user(email=EMAIL, password=PASSWORD, role=Role.CUSTOMER, at=NOW)
    operations.register_data_subject(reference=REFERENCE, name=NAME, user=user, at=NOW)
    kept = operations.enrol(user=user, at=NOW)
    person = Enrolled(user=user, secret=kept.secret, codes=kept.codes)
    give_password(client, email=EMAIL, password="verkeerd wachtwoord")
    give_password(client, email=EMAIL)
    client.post("/inloggen/code/", {"code": person.code(NOW)})
    secrets = [EMAIL, NAME, REFERENCE, PASSWORD, "kanarie", *kept.codes]
    secrets += [code.replace("-", "") for code in kept.codes]
    canaries = [text.encode() for text in secrets]
    canaries += [kept.secret, base64.b32encode(kept.secret), kept.secret.hex().encode()]
    canaries += [base64.b64encode(kept.secret)]

    everything = dump()

    assert user.login_index.encode() in everything  # the dump does see this row
    assert [canary for canary in canaries if canary.lower() in everything.lower()] == []


def test_halfway_enrolment_leaves_no_secret_either(
    client: Client, clock: object, organisation: object
) -> None:
    operations.create_user(email=EMAIL, password=PASSWORD, role=Role.CUSTOMER, at=NOW)
    give_password(client, email=EMAIL)
    client.get("/inloggen/instellen/")
    secret = TotpDevice.objects.get().secret()

    everything = dump()

    assert secret not in everything
    assert base64.b32encode(secret) not in everything
    assert totp.in_groups(secret).encode() not in everything


def test_server_log_holds_no_secret(
    client: Client, enrolled: Enrolled, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="django.request"):
        give_password(client, password="kanarie in de mijn")
        give_password(client)
        client.post("/inloggen/code/", {"code": "kanarie"})

    assert "kanarie" not in caplog.text


def test_password_hash_is_argon2id_as_we_chose_it() -> None:
    algorithm, variety, version, parameters, *_ = (
        TunedArgon2().encode("x" * 12, "s" * 16).split("$")
    )

    assert (algorithm, variety, version) == ("argon2", "argon2id", "v=19")
    assert parameters == "m=19456,t=2,p=1"
