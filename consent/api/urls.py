"""The API: paths in kebab-case, without a trailing slash (NL API Design Rules)."""

from django.urls import path
from django.views.decorators.http import require_POST
from drf_spectacular.views import SpectacularJSONAPIView

from accounts.gates import public_page
from consent.api import (
    schema,  # noqa: F401  registers how the API is authenticated
    views,
)

urlpatterns = [
    path(
        "access/v1/evaluation",
        # Another method is refused before anybody is asked for a token.
        public_page(require_POST(views.Evaluation.as_view())),
        name="evaluation",
    ),
    path(
        "api/v1/openapi.json",
        public_page(
            SpectacularJSONAPIView.as_view(authentication_classes=[], permission_classes=[])
        ),
        name="openapi",
    ),
]
