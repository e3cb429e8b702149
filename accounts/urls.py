from django.urls import path

from accounts.oauth import views as oauth
from accounts.views import identities as identity_pages
from accounts.views import log_in as log_in_pages
from accounts.views import sessions as session_pages
from accounts.views.security import security
from accounts.views.step_up import step_up

urlpatterns = [
    path("inloggen/", log_in_pages.log_in, name="log-in"),
    path("inloggen/code/", log_in_pages.log_in_code, name="log-in-code"),
    path("inloggen/herstelcode/", log_in_pages.log_in_recovery, name="log-in-recovery"),
    path("inloggen/instellen/", log_in_pages.enrol, name="enrol"),
    path("inloggen/instellen/herstelcodes/", log_in_pages.enrol_codes, name="enrol-codes"),
    path("inloggen/extern/", identity_pages.start, name="provider-start"),
    path("inloggen/extern/terug/", identity_pages.back, name="provider-back"),
    path("bevestigen/extern/", identity_pages.confirm, name="provider-confirm"),
    path("beveiliging/inlogmiddelen/", identity_pages.identities, name="identities"),
    path("uitloggen/", log_in_pages.log_out, name="log-out"),
    path("bevestigen/", step_up, name="step-up"),
    path("beveiliging/", security, name="security"),
    path(
        "beveiliging/sessies/andere/einde/",
        session_pages.end_other_sessions,
        name="end-other-sessions",
    ),
    path(
        "beveiliging/sessies/<uuid:session_id>/einde/",
        session_pages.end_session,
        name="end-session",
    ),
    path("sessie/", session_pages.session, name="session"),
    path("oauth/token", oauth.token, name="token"),
    path("oauth/jwks.json", oauth.jwks, name="jwks"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth-metadata"),
]
