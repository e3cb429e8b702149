import pytest

from accounts import addresses

PROXY = "10.0.0.1"


class TestSubscriber:
    @pytest.mark.parametrize(
        ("address", "stands_for"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("", ""),
            ("unix:", ""),
        ],
    )
    def test_has_one_name(self, address: str, stands_for: str) -> None:
        assert addresses.subscriber(address) == stands_for


class TestCaller:
    @pytest.mark.parametrize("forwarded_for", ["", "192.0.2.7", "192.0.2.7, 192.0.2.8"])
    def test_is_the_other_end_of_the_connection_without_a_proxy(self, forwarded_for: str) -> None:
        found = addresses.caller(remote=PROXY, forwarded_for=forwarded_for, proxies=0)

        assert found == PROXY

    @pytest.mark.parametrize(
        ("forwarded_for", "proxies", "expected"),
        [
            ("192.0.2.7", 1, "192.0.2.7"),
            ("192.0.2.7,10.0.0.2", 2, "192.0.2.7"),
            ("198.51.100.1, 192.0.2.7", 1, "192.0.2.7"),  # the first was written by the caller
            ("198.51.100.1, 192.0.2.7 , 10.0.0.2", 2, "192.0.2.7"),
            ("2001:db8:1:2:aaaa::1", 1, "2001:db8:1:2::/64"),
            ("::ffff:192.0.2.7", 1, "192.0.2.7"),
        ],
    )
    def test_is_counted_from_the_right_behind_proxies(
        self, forwarded_for: str, proxies: int, expected: str
    ) -> None:
        found = addresses.caller(remote=PROXY, forwarded_for=forwarded_for, proxies=proxies)

        assert found == expected

    @pytest.mark.parametrize(
        ("forwarded_for", "proxies"),
        [
            ("", 1),
            ("192.0.2.7", 2),
            ("unknown", 1),
            ("192.0.2.7:4711", 1),
            ("192.0.2.7, ", 1),
            ("192.0.2.7, \u0661\u0669\u0662.0.2.8", 1),
            ("999.0.2.7", 1),
        ],
    )
    def test_is_the_last_proxy_when_the_header_does_not_say(
        self, forwarded_for: str, proxies: int
    ) -> None:
        found = addresses.caller(remote=PROXY, forwarded_for=forwarded_for, proxies=proxies)

        assert found == PROXY
