"""The file in which a person takes the key that finds every line of the log about this person. Pure.

`{"format", "origin", "tagKey", "explanation"}` as JSON; `tagKey` is base64 as `audit.leaf` writes it. A leaf is about
this person when `subject_tag(tag_key=tagKey, uid=its id)` is its tag.
"""

import json
from collections.abc import Iterable, Iterator, Mapping

from audit.leaf import Leaf, in_base64, subject_tag

FORMAT = "regie-tag-key/1"
EXPLANATION: Mapping[str, str] = {
    "nl": "Met deze sleutel vindt u in het openbare logboek (/log/tile/entries/) of in een volledige export elke regel "
    "die over u gaat. Een regel gaat over u als HMAC-SHA-256 van zijn id (16 bytes, veld id) onder deze sleutel "
    "begint met zijn kenmerk (veld st). Wie deze sleutel heeft, kan dat ook: houd hem dus voor uzelf. Wat een regel "
    "zegt, staat er niet in: dat blijft versleuteld.",
    "en": "With this key you find every line about you in the public log (/log/tile/entries/) or in a complete export. "
    "A line is about you when the HMAC-SHA-256 of its id (16 bytes, member id) under this key begins with its tag "
    "(member st). Whoever has this key can do the same: so keep it to yourself. What a line says is not in it: that "
    "stays encrypted.",
}


def to_bytes(*, key: bytes, origin: str) -> bytes:
    members = {
        "format": FORMAT,
        "origin": origin,
        "tagKey": in_base64(key),
        "explanation": dict(EXPLANATION),
    }
    return (json.dumps(members, ensure_ascii=False, indent=2) + "\n").encode()


def about(leaves: Iterable[Leaf], *, key: bytes) -> Iterator[Leaf]:
    """Return the leaves that are about the person of this key."""
    return (leaf for leaf in leaves if leaf.subject_tag == subject_tag(tag_key=key, uid=leaf.uid))
