"""People who log in, the data subjects behind them, and the systems that call."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from accounts.devices import RecoveryCode, RecoveryDevice, TotpDevice
from audit.models import Key

__all__ = [
    "ClientKey",
    "DataSubject",
    "Recipient",
    "RecoveryCode",
    "RecoveryDevice",
    "Role",
    "ServiceClient",
    "ThrottleCounter",
    "TotpDevice",
    "UsedAssertion",
    "User",
]


class Role(models.TextChoices):
    CUSTOMER = "customer"
    OFFICER = "officer"


class User(AbstractBaseUser):
    """Someone who can log in. The e-mail address is sealed; `login_index` finds it (HMAC of its canonical form)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.OneToOneField(Key, models.PROTECT, related_name="+")
    login_index = models.CharField(max_length=64, unique=True)
    email_sealed = models.BinaryField()
    role = models.CharField(max_length=8, choices=Role)
    language = models.CharField(max_length=12, default="nl")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = BaseUserManager["User"]()

    USERNAME_FIELD = "login_index"

    def __str__(self) -> str:
        return f"{self.role} {self.id}"


class DataSubject(models.Model):
    """A natural person the organisation holds data on (GDPR art. 4(1)); need not have a login.

    After an erasure this row names nobody. It stays for the consent records, which say that someone
    chose, and what was asked.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(User, models.PROTECT, related_name="data_subject", null=True)
    key = models.OneToOneField(Key, models.PROTECT, related_name="+")
    reference_index = models.CharField(max_length=64, unique=True)
    reference_sealed = models.BinaryField()
    name_sealed = models.BinaryField()
    erased_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"data subject {self.id}"


class ThrottleCounter(models.Model):
    """How often something was tried in a window. `key` is an HMAC: no address or name is stored."""

    key = models.CharField(max_length=64)
    window_start = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "window_start"], name="one_counter_per_window"),
        ]

    def __str__(self) -> str:
        return f"throttle {self.window_start}"


class Recipient(models.Model):
    """A team, processor or organisation that may see data (GDPR art. 4(9)). `texts` holds name and role per language."""

    class Kind(models.TextChoices):
        TEAM = "team"
        PROCESSOR = "processor"
        ORGANISATION = "organisation"

    slug = models.SlugField(unique=True)
    kind = models.CharField(max_length=12, choices=Kind)
    texts = models.JSONField()
    contact = models.CharField(max_length=200)
    country = models.CharField(max_length=2)
    is_automated = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.slug


class ServiceClient(models.Model):
    """A registered system of a recipient. Purposes and scopes are checked on every call, not only when a token is made."""

    client_id = models.SlugField(unique=True)
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="clients")
    scopes = models.JSONField(default=list)
    purposes = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.client_id


class ClientKey(models.Model):
    """A public key of a client (RFC 7517); two may overlap while one replaces the other."""

    client = models.ForeignKey(ServiceClient, models.CASCADE, related_name="keys")
    kid = models.CharField(max_length=64)
    jwk = models.JSONField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "kid"], name="a_client_names_a_key_once"),
            models.CheckConstraint(
                condition=Q(not_after__gt=models.F("not_before")),
                name="a_client_key_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.kid}"


class UsedAssertion(models.Model):
    """A client assertion that was used; it is not accepted twice (RFC 7523 section 3)."""

    digest = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest
