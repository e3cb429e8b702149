"""Every setting, in one file. What differs between places comes from the environment."""

from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path

from accounts import relying_party
from accounts.session_rules import Limits
from audit.keyfiles import django_secret
from config import env
from config.schedule import SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent

# Everything that is written while running lies below here: database, keys, mail, exports.
DATA_DIR = env.own_folder("REGIE_DATA_DIR", default=BASE_DIR / "var")
KEYS_DIR = env.folder("REGIE_KEYS_DIR", default=DATA_DIR / "keys")
# What people asked for and download later: copies of the log, so for this account alone.
EXPORTS_DIR = DATA_DIR / "exports"
# Letters with a code, for whoever prints and posts them; each is a page in one file.
LETTERS_DIR = env.folder("REGIE_LETTERS_DIR", default=DATA_DIR / "letters")
# Which item of the catalogue holds the address that letters go to.
ADDRESS_ITEM = env.text("REGIE_ADDRESS_ITEM", default="adres")
EXPORTS_ARE_KEPT = timedelta(
    days=env.number("REGIE_EXPORTS_KEPT_DAYS", default=7, least=1, most=30)
)
DEMO = env.flag("REGIE_DEMO", default=False)  # set by `manage.py demo` only; checks.py guards it
DEBUG = env.flag("REGIE_DEBUG", default=False)
SECRET_KEY = env.secret("REGIE_SECRET_KEY") or django_secret(KEYS_DIR)
ALLOWED_HOSTS = env.words("REGIE_ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1]")
PUBLIC_BASE_URL = env.web_address("REGIE_PUBLIC_BASE_URL", default="http://127.0.0.1:8000")
IS_HTTPS = PUBLIC_BASE_URL.startswith("https://")
# How many proxies stand in front; what they say of a visitor counts, and nothing that another wrote.
TRUSTED_PROXY_COUNT = env.number("REGIE_TRUSTED_PROXY_COUNT", default=0, most=9)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
# Where to report a weakness in this installation: a mailto: or https: address for /.well-known/security.txt.
SECURITY_CONTACT = env.text("REGIE_SECURITY_CONTACT", default="")

INSTALLED_APPS = [
    "accounts",  # before Django's own: of two commands with one name the first counts
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_otp",
    "django_otp_webauthn",
    "rest_framework",
    "drf_spectacular",
    "config",
    "audit",
    "consent",
]
MIDDLEWARE = [
    "config.middleware.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.ChosenLanguage",
    "accounts.middleware.RateLimitFields",
    "config.middleware.ApiManners",  # answers anew, so the headers are put on around it
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.RequestLimits",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.BothFactorsRequired",
    "config.middleware.BrokenSeals",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "consent.portal.context.page_frame",
            ],
        },
    },
]

DATABASES = {
    "default": env.database("REGIE_DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'regie.sqlite3'}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Without IMMEDIATE a transaction that reads and then writes fails at once under concurrency
    # ("database is locked"); FULL because a published head of the log must survive power loss.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA secure_delete=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.EmailBackend"]
PASSWORD_HASHERS = ["accounts.passwords.TunedArgon2"]
# Passwords that leaked elsewhere, made by `manage.py make_breach_list`; none by default.
BREACH_LIST = env.folder("REGIE_BREACH_LIST", default=DATA_DIR / "breached-passwords")
LOGIN_URL = "log-in"
LOGIN_PENDING_LASTS = timedelta(minutes=10)
# How long a customer stays open before an employee of the service desk.
DESK_OPENING_LASTS = timedelta(
    minutes=env.number("REGIE_DESK_MINUTES", default=30, least=5, most=120)
)
# Where passkeys count; "" when browsers give none for PUBLIC_BASE_URL. Another one makes them all useless.
PASSKEY_ORIGIN = relying_party.origin_of(PUBLIC_BASE_URL)
PASSKEY_QUESTION_LASTS = timedelta(minutes=5)
# Privacy officers and administrators log in with a passkey; a code is for when it is not at hand.
STAFF_PASSKEY_REQUIRED = env.flag("REGIE_STAFF_PASSKEY_REQUIRED", default=IS_HTTPS)
OTP_WEBAUTHN_CREDENTIAL_MODEL = "accounts.Passkey"
OTP_WEBAUTHN_RP_ID = relying_party.id_of(PASSKEY_ORIGIN or relying_party.NOWHERE)
OTP_WEBAUTHN_ALLOWED_ORIGINS = [PASSKEY_ORIGIN or relying_party.NOWHERE]
OTP_WEBAUTHN_TIMEOUT_SECONDS = int(PASSKEY_QUESTION_LASTS.total_seconds())
OTP_WEBAUTHN_SUPPORTED_COSE_ALGORITHMS = [-7, -8, -257]  # ES256, EdDSA, RS256
OTP_WEBAUTHN_EXCEPTION_LOGGER_NAME = ""  # a refusal is an answer; the log of Regie tells it

SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "session"
# Says that somebody logged in here before, and to which accounts; accounts/device_cookies.py.
DEVICE_COOKIE_NAME = "__Host-device" if IS_HTTPS else "device"
SESSION_ENGINE = "accounts.session_store"
SESSIONS_AT_MOST = 5  # of one account at a time; another one ends the one used longest ago
SESSION_COOKIE_AGE = 30 * 60  # in seconds, until somebody has logged in; then this counts:
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_LIMITS = {
    "customer": Limits(
        idle=timedelta(
            minutes=env.number("REGIE_SESSION_IDLE_MINUTES", default=30, least=5, most=60)
        ),
        absolute=timedelta(hours=env.number("REGIE_SESSION_HOURS", default=12, least=1, most=24)),
        fresh=timedelta(minutes=10),
    ),
    "staff": Limits(
        idle=timedelta(
            minutes=env.number("REGIE_STAFF_SESSION_IDLE_MINUTES", default=15, least=5, most=60)
        ),
        absolute=timedelta(
            hours=env.number("REGIE_STAFF_SESSION_HOURS", default=8, least=1, most=24)
        ),
        fresh=timedelta(minutes=5),
    ),
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.problems.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL] if IS_HTTPS else []
SECURE_SSL_REDIRECT = False  # the proxy in front does this; docs/operate.md says how
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
# "no" only where other host names lie below that of Regie, and some of them know no https.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("REGIE_HSTS_SUBDOMAINS", default=IS_HTTPS)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The whole body (config.middleware.RequestLimits), so that no upload is ever written to disk.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 1
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # config.middleware.SecurityHeaders sets X-Frame-Options
    "security.W008",  # see SECURE_SSL_REDIRECT
    "security.W021",  # the preload list of browsers is for the organisation to decide about
]

LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", "Nederlands"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "__Host-language" if IS_HTTPS else "language"
LANGUAGE_COOKIE_SECURE = IS_HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Amsterdam"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # straight from `static/`: nothing to collect, nothing to forget
WHITENOISE_AUTOREFRESH = False

EMAIL_BACKEND = env.text(
    "REGIE_EMAIL_BACKEND", default="django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_HOST = env.text("REGIE_EMAIL_HOST", default="localhost")
EMAIL_PORT = env.number("REGIE_EMAIL_PORT", default=25, least=1, most=65535)
_EMAIL_TLS = env.choice("REGIE_EMAIL_TLS", default="no", options=("no", "starttls", "implicit"))
EMAIL_USE_TLS, EMAIL_USE_SSL = _EMAIL_TLS == "starttls", _EMAIL_TLS == "implicit"
EMAIL_HOST_USER = env.secret("REGIE_EMAIL_USER")
EMAIL_HOST_PASSWORD = env.secret("REGIE_EMAIL_PASSWORD")
# A mail server that says nothing must not hold up everything behind the message.
EMAIL_TIMEOUT = env.number("REGIE_EMAIL_TIMEOUT", default=10, least=1, most=600)
HELP_PHONE = env.text("REGIE_HELP_PHONE", default="")  # for error pages, which ask no database
DEFAULT_FROM_EMAIL = env.text("REGIE_FROM_EMAIL", default="Vechtwater <noreply@vechtwater.example>")
# What a device calls us when it asks for a passkey: the name that we also send mail under.
OTP_WEBAUTHN_RP_NAME = parseaddr(DEFAULT_FROM_EMAIL)[0] or OTP_WEBAUTHN_RP_ID

CELERY_BROKER_URL = env.text("REGIE_BROKER_URL", default="memory://localhost")
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # its messages take the form that LOGGING gives to all
CELERY_BEAT_SCHEDULE = SCHEDULE

# The log. The origin names it for ever (C2SP tlog-checkpoint): choose it before the first start.
# Every signed head, outside the database; docs/audit-log.md. None: the tests keep none.
LOG_JOURNAL: Path | None = env.folder("REGIE_LOG_JOURNAL", default=DATA_DIR / "log" / "journal")
# Every key that was destroyed, outside the database: what a restored backup must not bring back.
ERASURE_JOURNAL: Path | None = env.folder(
    "REGIE_ERASURE_JOURNAL", default=DATA_DIR / "log" / "erasures"
)
# For how many months what only officers read is kept, after the month it is of; 0: for ever.
LOG_INTERNAL_MONTHS = env.number("REGIE_LOG_INTERNAL_MONTHS", default=0, most=1200)
LOG_ORIGIN = env.log_name("REGIE_LOG_ORIGIN", default="regie.example/log")
# Which witnesses to ask, and how many must have seen a head; docs/audit-log.md. None by default.
LOG_POLICY = env.log_policy("REGIE_LOG_POLICY", origin=LOG_ORIGIN)

# The token service (docs: RFC 6749, RFC 7523, NL GOV OAuth profile).
ACCESS_TOKEN_LASTS = timedelta(minutes=10)
CLIENT_ASSERTION_LASTS_AT_MOST = timedelta(minutes=5)
# How long what is registered of a client may be remembered; 0: it is read for every request.
_REMEMBERED_SECONDS = env.number("REGIE_CLIENTS_REMEMBERED_SECONDS", default=5, most=5)
CLIENTS_ARE_REMEMBERED = timedelta(seconds=_REMEMBERED_SECONDS)
# How often one client may ask: on average per second, and at once after a silence.
CLIENT_RATE = env.number("REGIE_CLIENT_RATE", default=50, least=1, most=100_000)
CLIENT_BURST = env.number("REGIE_CLIENT_BURST", default=200, least=1, most=1_000_000)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.ServiceAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.problems.problem_details",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Regie",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": ["consent.api.schema.complete"],
}

# What goes wrong is told without a value of a person: docs/decisions/0029.
DEFAULT_EXCEPTION_REPORTER = "config.process_log.Reporter"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "config.process_log.Formatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {
        "django": {"handlers": []},  # nothing is mailed, nor written in a form that is not ours
        # Whatever the level: no row of the database, and no page with what was filled into it.
        "django.db.backends": {"level": "INFO"},
        "django.template": {"level": "INFO"},
        # A refusal is an answer, and no event for the operator.
        "django.request": {"level": "ERROR"},
        "waitress": {"level": "ERROR"},
    },
    "root": {
        "handlers": ["console"],
        "level": env.choice(
            "REGIE_LOG_LEVEL",
            default="WARNING",
            options=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        ),
    },
}
