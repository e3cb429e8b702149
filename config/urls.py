"""Where everything is. Each app keeps its own addresses; this file joins them."""

from django.urls import include, path
from django.views.i18n import set_language

from accounts.gates import public_page
from config.policy_reports import policy_report
from config.views import change_password, healthz, security_txt

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("consent.portal.urls")),
    path("", include("consent.officer.urls")),
    path("", include("consent.desk.urls")),
    path("", include("consent.api.urls")),
    path("", include("consent.transparency.urls")),
    path(".well-known/security.txt", security_txt, name="security-txt"),
    path(".well-known/change-password", change_password, name="well-known-change-password"),
    path("beleid/melding", policy_report, name="policy-report"),
    path("healthz", healthz, name="healthz"),
    path("taal/", public_page(set_language), name="set_language"),
]

handler400 = "config.problems.bad_request"
handler403 = "config.problems.permission_denied"
handler404 = "config.problems.not_found"
handler500 = "config.problems.server_error"
