"""What holds for the whole program: settings, addresses, errors, checks. Every way to start it begins here."""

import os

# What Regie writes is for the account that runs it: the SQLite file and mail hold personal data, and
# neither SQLite nor Django can be told which mode to give them (docs/decisions/0011).
os.umask(0o077)
