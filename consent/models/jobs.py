"""Work that takes a while: the row is the truth, and a message to a worker only a nudge."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import User
from consent.job_rules import LIVING
from consent.vocabulary import JobFault, JobState

_LIVES = Q(state__in=sorted(state.value for state in LIVING))
_RUNS = Q(state=JobState.RUNNING.value)


class Job(models.Model):
    """One piece of work that somebody asked for.

    `arguments` names a customer by the internal id at most. Whoever runs the job has an `attempt` of
    its own and a lease; a worker that was silent until `lease_until` has lost the job to the next
    attempt. `checkpoint` is what the next attempt goes on from.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=32)
    arguments = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64)  # of who asked, for what
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(
        max_length=9,
        choices=[(state.value, state.value) for state in JobState],
        default=JobState.QUEUED.value,
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    nudge_at = models.DateTimeField(null=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True)  # None until it was counted
    checkpoint = models.JSONField(default=dict)
    result = models.CharField(max_length=64, blank=True, default="")  # a file in EXPORTS_DIR
    result_size = models.PositiveBigIntegerField(default=0)
    fault = models.CharField(
        max_length=16, blank=True, default="", choices=[(it.value, it.value) for it in JobFault]
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)  # the last attempt, which found
    started_with = models.PositiveBigIntegerField(default=0)  # this much done
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)  # then the row and its result are removed

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["fingerprint"], condition=_LIVES, name="one_living_job_for_one_question"
            ),
            models.CheckConstraint(
                condition=(_RUNS & Q(lease_until__isnull=False)) | (~_RUNS & Q(lease_until=None)),
                name="a_running_job_and_only_that_has_a_lease",
            ),
            models.CheckConstraint(
                condition=(_LIVES & Q(expires_at=None)) | (~_LIVES & Q(expires_at__isnull=False)),
                name="a_finished_job_and_only_that_has_an_end",
            ),
        ]
        indexes = [
            models.Index(fields=["asked_by", "-created_at"], name="jobs_of_somebody"),
            models.Index(fields=["created_at"], condition=_LIVES, name="jobs_to_be_done"),
            models.Index(fields=["expires_at"], name="jobs_by_their_end"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
