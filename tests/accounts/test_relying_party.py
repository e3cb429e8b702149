import pytest

from accounts.relying_party import id_of, origin_of


@pytest.mark.parametrize(
    ("base", "origin", "name"),
    [
        ("https://regie.example.nl", "https://regie.example.nl", "regie.example.nl"),
        ("https://regie.example.nl:8443", "https://regie.example.nl:8443", "regie.example.nl"),
        ("https://regie.example.nl:443", "https://regie.example.nl", "regie.example.nl"),
        ("http://127.0.0.1:80", "http://localhost", "localhost"),
        ("http://localhost:8000", "http://localhost:8000", "localhost"),
        ("http://127.0.0.1:8000", "http://localhost:8000", "localhost"),
        ("http://[::1]:8000", "http://localhost:8000", "localhost"),
        ("http://127.0.0.1", "http://localhost", "localhost"),
        ("http://regie.example.nl", "", ""),
        ("http://192.0.2.1:8000", "", ""),
        ("https://192.0.2.1", "", ""),
        ("https://[2001:db8::1]", "", ""),
    ],
)
def test_passkeys_need_a_name_and_a_connection_that_nobody_reads(
    base: str, origin: str, name: str
) -> None:
    assert origin_of(base) == origin
    assert id_of(origin_of(base)) == name
