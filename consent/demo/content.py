"""What is in the demo: the catalogue of Vechtwater, its people, and a key for each system that asks."""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.db import transaction

from accounts import jwk
from accounts.models import Role, ServiceClient
from accounts.operations import put_client_key
from accounts.queries import user_by_email
from audit.keyfiles import read_or_make
from consent.catalogue import read_catalogue
from consent.demo.logins import Employee, Logins, Service
from consent.demo.people import JOINED, DemoAccount, demo_accounts, load_people
from consent.models import Organisation
from consent.operations.catalogue import load_catalogue

CATALOGUE = Path(__file__).resolve().parent.parent / "catalogues" / "vechtwater.yaml"
KEYS_LAST = timedelta(days=365)


class NotADemoDatabaseError(Exception):
    """The database serves an organisation, and not as a demo."""


@transaction.atomic
def load(*, keys_dir: Path, at: datetime) -> Logins:
    """Load what is not there yet, all or nothing, and return who can log in and which systems can ask.

    Raises:
        NotADemoDatabaseError: the database holds real people.
    """
    accounts = demo_accounts()
    is_new = not Organisation.objects.exists()
    if not is_new and user_by_email(_of(Role.OFFICER, accounts)[0].email) is None:
        raise NotADemoDatabaseError
    # The first time it is loaded as if long ago: the people have a past in which they chose.
    load_catalogue(
        catalogue=read_catalogue(CATALOGUE), at=at - JOINED - timedelta(days=1) if is_new else at
    )
    load_people(at=at)
    services = [
        _service(client, keys_dir=keys_dir, at=at)
        for client in ServiceClient.objects.order_by("client_id")
    ]
    return _logins(accounts, services)


def _service(client: ServiceClient, *, keys_dir: Path, at: datetime) -> Service:
    """Give the system its key; the private half stays in a file, as it would with its owner."""
    path = keys_dir / "services" / f"{client.client_id}.pem"
    private = load_pem_private_key(
        read_or_make(path, lambda: jwk.make_pair("ES256").private_pem), password=None
    )
    assert isinstance(private, ec.EllipticCurvePrivateKey)  # noqa: S101
    kid = f"{client.client_id}-demo"
    public = jwk.from_public_key(private.public_key())
    put_client_key(
        client=client, kid=kid, jwk=public, not_before=at - KEYS_LAST, not_after=at + KEYS_LAST
    )
    return Service(
        clientId=client.client_id,
        kid=kid,
        privateKeyFile=str(path),
        scope=" ".join(client.scopes),
        purposes=client.purposes,
    )


def _logins(accounts: list[DemoAccount], services: list[Service]) -> Logins:
    people = _of(Role.CUSTOMER, accounts)
    return {
        "customers": [
            {
                "email": person.email,
                "password": person.password,
                "totpSecret": person.totp_secret,
                "reference": person.reference,
                "name": person.name,
            }
            for person in people
            if person.totp_secret
        ],
        "notEnrolled": [
            {
                "email": person.email,
                "password": person.password,
                "reference": person.reference,
                "name": person.name,
            }
            for person in people
            if not person.totp_secret
        ],
        "officer": _employee(Role.OFFICER, accounts),
        "desk": _employee(Role.DESK, accounts),
        "admin": _employee(Role.ADMIN, accounts),
        "services": services,
    }


def _of(role: Role, accounts: list[DemoAccount]) -> list[DemoAccount]:
    return [account for account in accounts if account.role is role]


def _employee(role: Role, accounts: list[DemoAccount]) -> Employee:
    (employee,) = _of(role, accounts)
    return {
        "email": employee.email,
        "password": employee.password,
        "totpSecret": employee.totp_secret or "",
    }
