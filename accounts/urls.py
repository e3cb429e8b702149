from django.urls import path

from accounts.oauth import views as oauth
from accounts.views import (
    activation,
    device_letters,
    email_change,
    passwords,
    recovery_cases,
    staff,
)
from accounts.views import log_in as log_in_pages
from accounts.views.security import security
from accounts.views.step_up import step_up

urlpatterns = [
    path("inloggen/", log_in_pages.log_in, name="log-in"),
    path("inloggen/code/", log_in_pages.log_in_code, name="log-in-code"),
    path("inloggen/herstelcode/", log_in_pages.log_in_recovery, name="log-in-recovery"),
    path("inloggen/instellen/", log_in_pages.enrol, name="enrol"),
    path("inloggen/instellen/herstelcodes/", log_in_pages.enrol_codes, name="enrol-codes"),
    path("inloggen/brief/", device_letters.letter, name="device-letter"),
    path("inloggen/brief/code/", device_letters.letter_code, name="device-letter-code"),
    path("activeren/", activation.activate, name="activate"),
    path("activeren/gevraagd/", activation.activation_asked, name="activation-asked"),
    path("activeren/code/", activation.activation_code, name="activation-code"),
    path("activeren/verstuurd/", activation.activation_mailed, name="activation-mailed"),
    path("activeren/<str:token>/", activation.activation_link, name="activation-link"),
    path("wachtwoord-vergeten/", passwords.forgotten, name="password-reset"),
    path("wachtwoord-vergeten/gevraagd/", passwords.forgotten_asked, name="password-reset-asked"),
    path("wachtwoord-vergeten/<str:token>/", passwords.reset, name="password-reset-link"),
    path("beveiliging/wachtwoord/", passwords.change, name="change-password"),
    path("beveiliging/e-mail/", email_change.change, name="change-email"),
    path("e-mail/bevestigen/<str:token>/", email_change.confirm, name="email-change-link"),
    path("e-mail/terugzetten/<str:token>/", email_change.undo, name="email-undo-link"),
    path("herstel/stoppen/<str:token>/", recovery_cases.not_me, name="recovery-cancel-link"),
    path("uitnodiging/<str:token>/", staff.invited, name="invitation-link"),
    path("kantoor/herstel/", recovery_cases.cases, name="recovery-cases"),
    path(
        "kantoor/herstel/<uuid:case_id>/goedkeuren/",
        recovery_cases.approve,
        name="recovery-approve",
    ),
    path("kantoor/herstel/<uuid:case_id>/stoppen/", recovery_cases.stop, name="recovery-stop"),
    path("kantoor/medewerkers/", staff.staff, name="staff"),
    path("kantoor/medewerkers/<uuid:user_id>/stoppen/", staff.stop, name="staff-stop"),
    path(
        "kantoor/medewerkers/<uuid:user_id>/herstel/",
        recovery_cases.open_for_employee,
        name="staff-recovery",
    ),
    path(
        "kantoor/medewerkers/herstel/<uuid:case_id>/goedkeuren/",
        recovery_cases.approve_for_employee,
        name="staff-recovery-approve",
    ),
    path(
        "kantoor/medewerkers/herstel/<uuid:case_id>/stoppen/",
        recovery_cases.stop_for_employee,
        name="staff-recovery-stop",
    ),
    path(
        "kantoor/uitnodigingen/<uuid:invitation_id>/goedkeuren/",
        staff.approve,
        name="invitation-approve",
    ),
    path(
        "kantoor/uitnodigingen/<uuid:invitation_id>/intrekken/",
        staff.withdraw,
        name="invitation-withdraw",
    ),
    path("uitloggen/", log_in_pages.log_out, name="log-out"),
    path("bevestigen/", step_up, name="step-up"),
    path("beveiliging/", security, name="security"),
    path("oauth/token", oauth.token, name="token"),
    path("oauth/jwks.json", oauth.jwks, name="jwks"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth-metadata"),
]
