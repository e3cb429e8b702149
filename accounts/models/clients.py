"""The other side: who may see data, and the systems by which they ask."""

from django.db import models
from django.db.models import Q


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
