"""What other services ask. Each view parses, makes one call into the domain, and renders."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import Caller
from consent.api.serializers import EvaluationRequest, EvaluationResponse
from consent.operations import decide_access
from consent.operations.access import AccessQuestion, Answer, Asker


class Evaluation(APIView):
    """May I use this data category of this data subject for this purpose? OpenID AuthZEN 1.0.

    A POST, so that the data subject is never part of a URI.
    """

    required_scope = "consent:check"

    @extend_schema(
        operation_id="evaluate",
        request=EvaluationRequest,
        responses={
            200: OpenApiResponse(EvaluationResponse, description="Yes or no, and why."),
            400: OpenApiResponse(description="The question is not complete or not well formed."),
            401: OpenApiResponse(description="No valid access token."),
            403: OpenApiResponse(description="The token lacks the scope `consent:check`."),
            406: OpenApiResponse(description="Only JSON can be sent back."),
            429: OpenApiResponse(description="The client asks more often than it may."),
            500: OpenApiResponse(description="No answer could be given or logged: use nothing."),
        },
    )
    def post(self, request: Request) -> Response:
        question = EvaluationRequest(data=_body(request))
        question.is_valid(raise_exception=True)
        answer = decide_access(
            question=_question(question.validated_data),
            asker=_asker(request),
            request_id=request.headers.get("X-Request-ID", ""),
            at=timezone.now(),
        )
        return Response(_answer(answer, purpose=question.validated_data["action"]["name"]))


def _body(request: Request) -> object:
    """AuthZEN counts a wrong content type as a bad request (its certification asks for 400)."""
    try:
        return request.data
    except UnsupportedMediaType as error:
        raise ParseError(
            "Send the question as JSON, with Content-Type: application/json."
        ) from error


def _asker(request: Request) -> Asker:
    caller = request.auth
    assert isinstance(caller, Caller)  # noqa: S101  # HasScope let nobody else in
    return Asker(
        client_id=caller.client_id,
        recipient=caller.recipient,
        recipient_id=caller.recipient_id,
        purposes=caller.purposes,
    )


def _question(data: dict[str, dict[str, object]]) -> AccessQuestion:
    subject, action, resource = data["subject"], data["action"], data["resource"]
    properties = resource.get("properties", {})
    category = properties.get("dataCategory") if isinstance(properties, dict) else None
    return AccessQuestion(
        subject_type=str(subject["type"]),
        subject_id=str(subject["id"]),
        purpose=str(action["name"]),
        resource_type=str(resource["type"]),
        reference=str(resource["id"]),
        data_category=category if isinstance(category, str) else "",
    )


def _answer(answer: Answer, *, purpose: str) -> dict[str, object]:
    until = answer.decision.valid_until
    return {
        "decision": answer.decision.permitted,
        "context": {
            "reason": answer.decision.reason.value,
            "purpose": purpose,
            "noticeVersion": answer.notice_number,
            "validUntil": until.isoformat(timespec="seconds").replace("+00:00", "Z")
            if until
            else None,
        },
    }
