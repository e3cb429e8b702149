"""Where somebody calls from: by the connection, or by what the proxies in front say of it."""

from ipaddress import IPv6Address, ip_address, ip_network

_IPV6_PREFIX = 64  # one subscriber has them all


def caller(*, remote: str, forwarded_for: str, proxies: int) -> str:
    """Return what stands for the subscriber who calls.

    `remote` is the other end of the connection. With `proxies` in front, that is the last of them, and
    each has put the end of its own connection behind what `X-Forwarded-For` said already. So the caller
    is counted from the right; whatever stands further left, anybody can have written.
    """
    hops = forwarded_for.split(",")
    if 0 < proxies <= len(hops) and (seen := subscriber(hops[-proxies].strip())):
        return seen
    return subscriber(remote)


def subscriber(address: str) -> str:
    """Return what stands for one subscriber: an IPv4 address, or the first half of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""  # a Unix socket has no address; all its callers count as one
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, _IPV6_PREFIX), strict=False))
