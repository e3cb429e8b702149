"""People who log in, and the data subjects behind them."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from audit.models import Key


class Role(models.TextChoices):
    CUSTOMER = "customer"
    OFFICER = "officer"
    DESK = "desk"  # of the service desk: helps customers, on the telephone and at the counter
    ADMIN = "admin"  # registers systems and staff; sees no personal data


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
    # After a change of address: until then neither a mail nor a letter gives access.
    recovery_blocked_until = models.DateTimeField(null=True)
    # After others helped to get the account back: until then what is most delicate has to wait.
    caution_until = models.DateTimeField(null=True)

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
