"""Who may act for whom."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q

from accounts import mandate_rules
from accounts.mandate_rules import Limits
from accounts.models.people import DataSubject, User
from accounts.vocabulary import Ender, Evidence, MandateKind, MandateSource


class Mandate(models.Model):
    """The right of one data subject (representative) to act for another (represented).

    A voluntary one has no representative until somebody with the customer number that was meant
    (`meant_index`, a keyed hash) accepts it with the code (`code_index`) that the represented passed on.
    Removed when either of the two is erased.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    represented = models.ForeignKey(DataSubject, models.CASCADE, related_name="mandates_given")
    representative = models.ForeignKey(
        DataSubject, models.CASCADE, null=True, related_name="mandates_held"
    )
    kind = models.CharField(
        max_length=16, choices=[(kind.value, kind.value) for kind in MandateKind]
    )
    source = models.CharField(max_length=8, choices=[(it.value, it.value) for it in MandateSource])
    permissions = models.JSONField(default=list)
    purposes = models.JSONField(default=list)  # slugs; none: every purpose
    categories = models.JSONField(default=list)  # slugs; none: every category
    evidence = models.CharField(
        max_length=20, blank=True, default="", choices=[(it.value, it.value) for it in Evidence]
    )
    recorded_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    meant_index = models.CharField(max_length=64, blank=True, default="")
    code_index = models.CharField(max_length=64, blank=True, default="", db_index=True)
    code_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(
        null=True
    )  # exclusive; only the law gives one without an end
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(
        max_length=14, blank=True, default="", choices=[(it.value, it.value) for it in Ender]
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(representative=None) | ~Q(representative=F("represented")),
                name="nobody_acts_for_oneself",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(representative__isnull=False),
                name="an_accepted_mandate_has_a_representative",
            ),
            models.CheckConstraint(
                condition=~Q(kind="voluntary") | Q(valid_until__isnull=False),
                name="a_voluntary_mandate_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} mandate {self.id}"

    @property
    def is_voluntary(self) -> bool:
        return self.kind == MandateKind.VOLUNTARY

    @property
    def limits(self) -> Limits:
        return Limits(
            permissions=mandate_rules.permissions_of(self.permissions),
            purposes=frozenset(self.purposes),
            categories=frozenset(self.categories),
        )

    def counts_at(self, at: datetime) -> bool:
        return mandate_rules.counts(
            accepted_at=self.accepted_at,
            revoked_at=self.revoked_at,
            since=self.valid_from,
            until=self.valid_until,
            at=at,
        )

    def waits_at(self, at: datetime) -> bool:
        """Return whether it can still be accepted."""
        is_open = self.accepted_at is None and self.revoked_at is None
        return is_open and self.code_until is not None and at < self.code_until
