"""The token service: OAuth 2.0 client credentials with `private_key_jwt` (RFC 6749, RFC 7523, NL GOV OAuth profile)."""
