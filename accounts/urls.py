from django.urls import path

from accounts.oauth import views as oauth
from accounts.views import factors, my_passkeys, passkeys
from accounts.views import log_in as log_in_pages
from accounts.views import sessions as session_pages
from accounts.views.security import security
from accounts.views.step_up import step_up, step_up_passkey, step_up_question

urlpatterns = [
    path("inloggen/", log_in_pages.log_in, name="log-in"),
    path("inloggen/code/", log_in_pages.log_in_code, name="log-in-code"),
    path("inloggen/herstelcode/", log_in_pages.log_in_recovery, name="log-in-recovery"),
    path("inloggen/instellen/", log_in_pages.enrol, name="enrol"),
    path("inloggen/instellen/herstelcodes/", log_in_pages.enrol_codes, name="enrol-codes"),
    path("inloggen/passkey/", passkeys.log_in_passkey, name="log-in-passkey"),
    path("inloggen/passkey/vraag/", passkeys.log_in_question, name="log-in-passkey-question"),
    path("inloggen/code/passkey/", passkeys.code_passkey, name="code-passkey"),
    path("inloggen/code/passkey/vraag/", passkeys.code_question, name="code-passkey-question"),
    path("inloggen/instellen/passkey/", passkeys.enrol_passkey, name="passkey-enrol"),
    path(
        "inloggen/instellen/passkey/vraag/",
        passkeys.enrol_question,
        name="passkey-enrol-question",
    ),
    path("beveiliging/passkeys/", my_passkeys.passkeys, name="passkeys"),
    path("beveiliging/passkeys/nieuw/", my_passkeys.passkey_add, name="passkey-add"),
    path(
        "beveiliging/passkeys/nieuw/vraag/",
        my_passkeys.passkey_add_question,
        name="passkey-add-question",
    ),
    path("beveiliging/passkeys/<uuid:public_id>/", my_passkeys.passkey_name, name="passkey-name"),
    path(
        "beveiliging/passkeys/<uuid:public_id>/verwijderen/",
        my_passkeys.passkey_remove,
        name="passkey-remove",
    ),
    path("uitloggen/", log_in_pages.log_out, name="log-out"),
    path("bevestigen/", step_up, name="step-up"),
    path("bevestigen/passkey/", step_up_passkey, name="step-up-passkey"),
    path("bevestigen/passkey/vraag/", step_up_question, name="step-up-passkey-question"),
    path("beveiliging/", security, name="security"),
    path("beveiliging/codes/", factors.new_codes, name="new-codes"),
    path("beveiliging/app/", factors.new_app, name="new-app"),
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
