"""Addresses that go wrong in one way each, for systems below /api and for people elsewhere."""

from typing import Any, NoReturn

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_POST
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.gates import public_page
from config.urls import handler400, handler403, handler404, handler500
from consent.errors import NoticeOutdatedError

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

ERRORS: dict[str, Exception] = {
    "bad": SuspiciousOperation("Ada Lovelace did this"),
    "busy": exceptions.Throttled(wait=7),
    "forbidden": PermissionDenied("Ada Lovelace may not"),
    "missing": Http404("Ada Lovelace is not here"),
    "not-acceptable": exceptions.NotAcceptable(),
    "outdated": NoticeOutdatedError(),
    "own-words": exceptions.PermissionDenied("The token lacks the scope `consent:check`."),
    "too-big": RequestDataTooBig(),
    "unknown-caller": exceptions.NotAuthenticated(),
    "unplanned": ZeroDivisionError("Ada Lovelace divided"),
}


class Inner(serializers.Serializer[Any]):
    dataCategory = serializers.CharField()  # noqa: N815


class Question(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    inner = Inner()
    lines = Inner(many=True)

    def validate(self, attrs: Any) -> NoReturn:
        raise serializers.ValidationError("The parts do not fit together.", code="do_not_fit")


class Ask(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        question = Question(data=request.data)
        question.is_valid(raise_exception=True)
        return Response({})


class Fail(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request, kind: str) -> Response:
        raise ERRORS[kind]


@public_page
def fail(request: HttpRequest, kind: str) -> HttpResponse:
    raise ERRORS[kind]


@public_page
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{len(request.body)} bytes")


@public_page
def kept(request: HttpRequest) -> HttpResponse:
    return HttpResponse("the same for everyone", headers={"Cache-Control": "public, max-age=5"})


urlpatterns = [
    path("api/fail/kept", kept),
    path("api/ask", public_page(Ask.as_view())),
    path("api/fail/<kind>", public_page(Fail.as_view())),
    path("api/plain/fail/<kind>", fail),
    path("api/plain/send", send),
    path("pages/fail/<kind>", fail),
    path("pages/send", send),
]
