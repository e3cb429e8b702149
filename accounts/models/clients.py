"""The other side: who may see data, and the systems by which they ask."""

import uuid

from django.db import models
from django.db.models import F, Q

from accounts.models.people import User


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
    """A registered system of a recipient. Purposes and scopes are checked on every call, not only when a token is made.

    A token that was signed before `tokens_count_from` opens nothing: a key that was ended, or a system
    that was switched off, takes its tokens along.
    """

    client_id = models.SlugField(unique=True)
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="clients")
    scopes = models.JSONField(default=list)
    purposes = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    tokens_count_from = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.client_id


class ClientKey(models.Model):
    """A public key of a client (RFC 7517); two may overlap while one replaces the other.

    `not_after` is exclusive. `reminder_due_at` is when somebody is told that it ends; none: never again.
    """

    client = models.ForeignKey(ServiceClient, models.CASCADE, related_name="keys")
    kid = models.CharField(max_length=64)
    jwk = models.JSONField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    reminder_due_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "kid"], name="a_client_names_a_key_once"),
            models.CheckConstraint(
                condition=Q(not_after__gt=F("not_before")),
                name="a_client_key_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.kid}"


class PurposeRequest(models.Model):
    """One administrator wants a purpose for a client. It counts when another one approves it (four eyes)."""

    class Outcome(models.TextChoices):
        APPROVED = "approved"
        REFUSED = "refused"
        TAKEN_BACK = "taken-back"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(ServiceClient, models.PROTECT, related_name="purpose_requests")
    purpose = models.SlugField()
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "purpose"],
                condition=Q(outcome=""),
                name="a_purpose_waits_for_a_client_once",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_by=None, decided_at=None)
                | (~Q(outcome="") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="a_purpose_request_is_decided_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="approved") | ~Q(asked_by=F("decided_by")),
                name="nobody_approves_a_purpose_alone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.purpose}"


class UsedAssertion(models.Model):
    """A client assertion that was used; it is not accepted twice (RFC 7523 section 3)."""

    digest = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest
