"""The API: paths in kebab-case, without a trailing slash (NL API Design Rules)."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from accounts.gates import public_page
from consent.api import (
    schema,  # noqa: F401  registers how the API is authenticated
    views,
)

urlpatterns = [
    path("access/v1/evaluation", public_page(views.Evaluation.as_view()), name="evaluation"),
    path(
        "api/v1/openapi.json",
        public_page(
            SpectacularJSONAPIView.as_view(authentication_classes=[], permission_classes=[])
        ),
        name="openapi",
    ),
]
