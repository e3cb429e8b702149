"""The register: what is processed, why, on which legal basis, by whom (GDPR art. 30). Filled by `load_catalogue`."""

from django.db import models

from accounts.models import Recipient
from consent.vocabulary import LegalBasis


class Organisation(models.Model):
    """The one controller this installation serves. `catalogue_digest` is the SHA-256 of the catalogue that is loaded."""

    slug = models.SlugField(unique=True)
    texts = models.JSONField()
    contact = models.JSONField()
    catalogue_digest = models.CharField(max_length=64)
    catalogue_loaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class Source(models.Model):
    """Where held data came from (GDPR art. 14(2)(f))."""

    slug = models.SlugField(unique=True)
    texts = models.JSONField()

    def __str__(self) -> str:
        return self.slug


class DataCategory(models.Model):
    """A kind of data. `is_choice` tells those that consent can cover from identity and payment."""

    slug = models.SlugField(unique=True)
    position = models.PositiveSmallIntegerField()
    icon = models.CharField(max_length=20)
    is_choice = models.BooleanField()
    texts = models.JSONField()

    def __str__(self) -> str:
        return self.slug


class DataItem(models.Model):
    """One thing that is held within a category."""

    class Sensitivity(models.TextChoices):
        ORDINARY = "ordinary"
        SENSITIVE = "sensitive"

    category = models.ForeignKey(DataCategory, models.PROTECT, related_name="items")
    slug = models.SlugField(unique=True)
    position = models.PositiveSmallIntegerField()
    sensitivity = models.CharField(max_length=9, choices=Sensitivity)
    is_masked = models.BooleanField(default=False)
    source = models.ForeignKey(Source, models.PROTECT)
    retention_months = models.PositiveSmallIntegerField()
    texts = models.JSONField()

    def __str__(self) -> str:
        return self.slug


class Purpose(models.Model):
    """Why data is used. Exactly one legal basis (GDPR art. 6). What people read about it is in its notice versions."""

    slug = models.SlugField(unique=True)
    position = models.PositiveSmallIntegerField()
    icon = models.CharField(max_length=20)
    legal_basis = models.CharField(
        max_length=20, choices=[(basis.value, basis.value) for basis in LegalBasis]
    )
    validity_months = models.PositiveSmallIntegerField(null=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(legal_basis="consent", validity_months__gt=0)
                | (~models.Q(legal_basis="consent") & models.Q(validity_months=None)),
                name="consent_and_only_consent_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class PurposeCategory(models.Model):
    """A data category that a purpose uses, and whether it can do without."""

    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="categories")
    category = models.ForeignKey(DataCategory, models.PROTECT, related_name="+")
    is_required = models.BooleanField()
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "category"], name="a_purpose_names_a_category_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose_id}/{self.category_id}"


class Processing(models.Model):
    """One line of the register: this recipient may use this category for this purpose."""

    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="+")
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="processings")
    category = models.ForeignKey(DataCategory, models.PROTECT, related_name="processings")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "purpose", "category"], name="a_processing_is_registered_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id}/{self.purpose_id}/{self.category_id}"
