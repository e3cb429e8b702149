"""Where people are logged in, and where they are halfway."""

import uuid

from django.db import models

from accounts.models.people import Role, User


class UserSession(models.Model):
    """One browser in which someone is logged in, or is logging in (then without a role).

    `key` is the SHA-256 of the cookie: whoever reads this table cannot go on in anyone's name.
    `public_id` is what pages call it by.
    """

    key = models.CharField(max_length=64, primary_key=True)
    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")
    role = models.CharField(max_length=8, choices=Role, blank=True)
    browser = models.CharField(max_length=32, blank=True)  # a code such as "firefox/windows"
    data = models.TextField()
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)  # exclusive

    def __str__(self) -> str:
        return f"session {self.public_id}"
