"""At which address passkeys count: the relying party (Web Authentication level 3, section 5.1.2)."""

from ipaddress import ip_address
from urllib.parse import urlsplit

_USUAL_PORTS = {"http": 80, "https": 443}
NOWHERE = "https://regie.invalid"  # RFC 2606: no site has this address


def origin_of(base_url: str) -> str:
    """Return the origin at which browsers give passkeys for the site at `base_url`; empty when at none.

    They ask for https and a name. Only `localhost` may do without https, and an IP address is no name: a
    site on the loopback address of this machine has its passkeys at localhost, where it answers as well.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    is_usual = parts.port in {None, _USUAL_PORTS.get(parts.scheme)}
    port = "" if is_usual else f":{parts.port}"  # as browsers write an origin (RFC 6454)
    if _is_loopback(host):
        host = "localhost"
    if _is_address(host) or (parts.scheme != "https" and host != "localhost"):
        return ""
    return f"{parts.scheme}://{host}{port}"


def id_of(origin: str) -> str:
    """Return the name that a passkey is made for; it is good there and nowhere else."""
    return urlsplit(origin).hostname or ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return _is_address(host) and ip_address(host).is_loopback
