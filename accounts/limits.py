"""How often something may be tried: every limit there is, in one table. docs/throttling.md explains each."""

import enum
from dataclasses import dataclass
from datetime import timedelta

QUARTER = timedelta(minutes=15)


class Counted(enum.Enum):
    """Of what a limit counts the attempts."""

    ACCOUNT = "account"  # by its canonical identifier, whether or not there is such an account
    BROWSER = "browser"  # one that logged in to this account before; see device_cookies
    ADDRESS = "address"  # an IPv4 address, or the first half of an IPv6 address
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `most` attempts per window; windows lie one after the other, and hold still for everybody."""

    name: str
    counts: Counted
    most: int
    window: timedelta = QUARTER

    @property
    def label(self) -> str:
        """Return what tells this counter from every other, so that no two limits share one."""
        return f"throttle/{self.name}/{int(self.window.total_seconds())}"


PASSWORDS_PER_ACCOUNT = Limit(name="password-account", counts=Counted.ACCOUNT, most=10)
PASSWORDS_PER_BROWSER = Limit(name="password-browser", counts=Counted.BROWSER, most=10)
PASSWORDS_PER_ADDRESS = Limit(name="password-address", counts=Counted.ADDRESS, most=50)
CODES_PER_BROWSER = Limit(name="code-browser", counts=Counted.BROWSER, most=20)
CODES_PER_ADDRESS = Limit(name="code-address", counts=Counted.ADDRESS, most=20)
# Nobody guesses a passkey; this keeps one address from filling the table of sessions.
PASSKEYS_PER_ADDRESS = Limit(name="passkey-address", counts=Counted.ADDRESS, most=50)
# Wrong customer numbers at the service desk, and wrong codes of a mandate.
NUMBERS_PER_EMPLOYEE = Limit(name="number-employee", counts=Counted.ACCOUNT, most=10)
MANDATE_CODES = Limit(name="mandate-code", counts=Counted.ACCOUNT, most=10)
# Refuses nobody: more accounts than this with a wrong password, and somebody is trying passwords on all of them.
ACCOUNTS_WITH_A_WRONG_PASSWORD = Limit(name="wrong-accounts", counts=Counted.EVERYTHING, most=100)

LIMITS = (
    PASSWORDS_PER_ACCOUNT,
    PASSWORDS_PER_BROWSER,
    PASSWORDS_PER_ADDRESS,
    CODES_PER_BROWSER,
    CODES_PER_ADDRESS,
    PASSKEYS_PER_ADDRESS,
    NUMBERS_PER_EMPLOYEE,
    MANDATE_CODES,
    ACCOUNTS_WITH_A_WRONG_PASSWORD,
)
