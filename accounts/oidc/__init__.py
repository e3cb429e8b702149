"""Logging in with an OpenID Connect provider: a DigiD or eHerkenning broker, or any other (OpenID Connect Core 1.0).

Optional: nothing of it is there until `REGIE_OIDC_ISSUER` is set. The provider asks for both factors.
"""
