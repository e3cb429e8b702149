"""When a password is too easy to guess. Length is what counts; nothing is asked about kinds of characters (ASVS 5.0, 6.2)."""

import enum
import re
from collections.abc import Collection, Iterable

SHORTEST = 12
SHORTEST_OF_STAFF = 15
LONGEST = 128
_SHORTEST_WORD = 3
_LEET = str.maketrans("013457$@!", "oieastsai")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_TAIL = re.compile(r"[\W\d_]+$")
_BETWEEN = re.compile(r"[\W_]+")
# What people add to make a word long enough.
_USUAL = frozenset(
    [
        "welkom",
        "welcome",
        "wachtwoord",
        "password",
        "geheim",
        "inloggen",
        "toestemming",
        "toestemmingen",
        "regie",
        "account",
        "klant",
        "zomer",
        "winter",
        "herfst",
        "lente",
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
        "maandag",
        "dinsdag",
        "woensdag",
        "donderdag",
        "vrijdag",
        "zaterdag",
        "zondag",
        "amsterdam",
        "rotterdam",
        "utrecht",
        "denhaag",
        "eindhoven",
        "groningen",
        "feyenoord",
        "ajax",
        "psv",
        "nederland",
        "holland",
        "water",
        "waterbedrijf",
    ]
)


class Weakness(enum.StrEnum):
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    GUESSABLE = "guessable"
    LEAKED = "leaked"


def weakness(
    password: str, *, shortest: int, common: Collection[str], words: Iterable[str] = ()
) -> Weakness | None:
    """Return what is wrong with a new password, or None.

    `common` are passwords that are often chosen, in small letters. `words` are what a stranger would
    try first for this person: the organisation, the e-mail address, the customer number.
    """
    if len(password) < shortest:
        return Weakness.TOO_SHORT
    if len(password) > LONGEST:
        return Weakness.TOO_LONG
    own = frozenset(part for word in words for part in _parts(word))
    is_known = _Known(common, _USUAL | own)
    forms = _forms(password)
    # What is left of it without a word of the person must be something by itself.
    forms |= {
        form
        for part in own
        for whole in forms
        if part in whole
        for form in _forms(whole.replace(part, ""))
    }
    return Weakness.GUESSABLE if any(map(is_known, forms)) else None


class _Known:
    """Says whether a form of a password is one that would be tried early."""

    def __init__(self, common: Collection[str], words: Collection[str]) -> None:
        self._lists = (common, words)

    def __call__(self, form: str) -> bool:
        return not form or self._is_word(form) or _is_repeated(form) or self._is_two_words(form)

    def _is_word(self, form: str) -> bool:
        return any(form in known for known in self._lists)

    def _is_two_words(self, form: str) -> bool:
        cuts = range(_SHORTEST_WORD, len(form) - _SHORTEST_WORD + 1)
        return any(self._is_word(form[:cut]) and self._is_word(form[cut:]) for cut in cuts)


def _forms(password: str) -> set[str]:
    """Return what is left without the decoration: digits and signs at the ends, digits for letters."""
    folded = password.casefold()
    forms = {folded, _TAIL.sub("", folded), _EDGES.sub("", folded)}
    forms |= {_BETWEEN.sub("", form) for form in forms}
    return forms | {form.translate(_LEET) for form in forms}


def _is_repeated(form: str) -> bool:
    """Say whether it is one piece over and over: "aaaaaaaaaaaa", "regenregenregen"."""
    return form in (form + form)[1:-1]


def _parts(word: str) -> set[str]:
    """Return a word of the person whole and in pieces: "jan.jansen@voorbeeld.nl" also as "jansen"."""
    folded = word.casefold()
    whole = {_BETWEEN.sub("", folded), folded.partition("@")[0]}
    return {part for part in (*whole, *_BETWEEN.split(folded)) if len(part) >= _SHORTEST_WORD}
