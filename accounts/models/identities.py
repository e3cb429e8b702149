"""Who somebody is at a provider of log-ins (OpenID Connect)."""

from django.db import models
from django_otp.models import Device


class OidcIdentity(Device):
    """An account at a provider, linked to a login. Passing it is passing both factors: the provider asks for them.

    Known by issuer and subject, never by an e-mail address. The subject can be a number of a person, so
    only a keyed hash of it is kept. `name` is what the provider was called when it was linked.
    """

    issuer = models.CharField(max_length=255)
    subject_index = models.CharField(max_length=64)
    linked_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject_index"], name="an_identity_is_of_one_login"
            ),
            models.UniqueConstraint(
                fields=["user", "issuer"], name="a_login_has_one_identity_per_provider"
            ),
        ]

    def __str__(self) -> str:
        return f"identity {self.pk}"

    def verify_token(self, _token: str) -> bool:
        """Refuse: there is no code to type; the provider's signed word counts, once."""
        return False
