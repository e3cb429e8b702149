"""The shapes of OpenID AuthZEN 1.0. Fields that the standard does not know are ignored, as it asks."""

from typing import Any

from rest_framework import serializers

LONGEST_CODE = 200


class Code(serializers.CharField):
    """A string and nothing that merely looks like one: AuthZEN refuses a number here."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_CODE, trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        value: str = super().to_internal_value(data)
        return value


class Subject(serializers.Serializer[Any]):
    """Who asks: the service itself."""

    type = Code(help_text="`service`")
    id = Code(help_text="The client id of the service whose token is used.")
    properties = serializers.DictField(required=False)


class Action(serializers.Serializer[Any]):
    """What for."""

    name = Code(help_text="The code of a purpose in the register.")
    properties = serializers.DictField(required=False)


class Resource(serializers.Serializer[Any]):
    """About whom, and which data."""

    type = Code(help_text="`data_subject`")
    id = Code(help_text="The reference of the data subject: the customer number.")
    properties = serializers.DictField(
        required=False, help_text="`dataCategory`: the code of a data category in the register."
    )


class EvaluationRequest(serializers.Serializer[Any]):
    """May I use this data category of this data subject for this purpose?"""

    subject = Subject()
    action = Action()
    resource = Resource()
    context = serializers.DictField(required=False)  # type: ignore[assignment]  # the standard names it so


class EvaluationContext(serializers.Serializer[Any]):
    """Why, and for how long."""

    reason = serializers.CharField(
        help_text="Code; docs/api/README.md says what to do with each. Never changes its meaning."
    )
    purpose = serializers.CharField(help_text="The purpose that was asked for.")
    noticeVersion = serializers.IntegerField(  # noqa: N815  the name in the JSON
        allow_null=True, help_text="Version of the notice that holds now; null when not registered."
    )
    validUntil = serializers.DateTimeField(  # noqa: N815
        allow_null=True,
        help_text="Until when (exclusive, RFC 3339, UTC) a yes can last if nobody withdraws it. "
        "Ask again before each use: a person may withdraw at any moment.",
    )


class EvaluationResponse(serializers.Serializer[Any]):
    """A no is an answer, not an error: HTTP 200 with `decision: false`."""

    decision = serializers.BooleanField()
    context = EvaluationContext()  # type: ignore[assignment]  # the standard names it so
