from django.urls import path

from accounts import views
from accounts.oauth import views as oauth

urlpatterns = [
    path("inloggen/", views.log_in, name="log-in"),
    path("inloggen/code/", views.log_in_code, name="log-in-code"),
    path("inloggen/herstelcode/", views.log_in_recovery, name="log-in-recovery"),
    path("inloggen/instellen/", views.enrol, name="enrol"),
    path("inloggen/instellen/herstelcodes/", views.enrol_codes, name="enrol-codes"),
    path("uitloggen/", views.log_out, name="log-out"),
    path("oauth/token", oauth.token, name="token"),
    path("oauth/jwks.json", oauth.jwks, name="jwks"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth-metadata"),
]
