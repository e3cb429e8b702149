"""How a password is stored: Argon2id, with the least that ASVS 5.0 (appendix C) approves."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class TunedArgon2(Argon2PasswordHasher):
    """19 MiB, two passes, one lane: about 25 ms.

    Django's own default asks for 100 MiB and eight lanes, with which a handful of attempts at once
    would keep a small machine busy.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
