"""How a password is stored (Argon2id, with the least that ASVS 5.0 appendix C approves), and which ones are refused."""

from collections.abc import Iterable
from email.utils import parseaddr
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.views.decorators.debug import sensitive_variables

from accounts import breach_list
from accounts.errors import WeakPasswordError
from accounts.password_rules import SHORTEST, SHORTEST_OF_STAFF, Weakness, weakness


class TunedArgon2(Argon2PasswordHasher):
    """19 MiB, two passes, one lane: about 25 ms.

    Django's own default asks for 100 MiB and eight lanes, with which a handful of attempts at once
    would keep a small machine busy.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1


@sensitive_variables("password", "words")
def check_new_password(password: str, *, is_staff: bool, words: Iterable[str] = ()) -> None:
    """Refuse a password that is too short or too easy to guess. It is looked at exactly as it was typed.

    `words` are what a stranger would try first for this person: e-mail address, customer number.

    Raises:
        WeakPasswordError: it says what is wrong.
    """
    found = weakness(
        password,
        shortest=SHORTEST_OF_STAFF if is_staff else SHORTEST,
        common=_common(),
        words=[*words, *_our_names()],
    )
    if found is None and breach_list.contains(settings.BREACH_LIST, password):
        found = Weakness.LEAKED
    if found is not None:
        raise WeakPasswordError(found)


@cache
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


def _our_names() -> list[str]:
    """Return what everybody knows of us: our name in mails, and the name of our site."""
    name, _address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return [name, urlsplit(settings.PUBLIC_BASE_URL).hostname or ""]
