"""A witness that is down, slow or says too much holds nobody up."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from audit.witness_client import Reply, UnreachableError, ask

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"


@contextmanager
def answering(content: bytes, *, hang: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """Answer one request with these bytes; then hang until the other side leaves, or end."""
    listener, asked = socket.create_server(("127.0.0.1", 0)), list[bytes]()

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            asked.append(connection.recv(65536))
            connection.sendall(content)
            while hang and connection.recv(65536):
                pass

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/of/w", asked
    finally:
        thread.join()
        listener.close()


class TestAsk:
    def test_sends_what_is_asked_and_returns_what_is_answered(self) -> None:
        with answering(OK + b"Content-Length: 3\r\n\r\nyes") as (url, asked):
            assert ask(url, b"old 0\n") == Reply(status=200, kind="text/plain", text="yes")
        assert asked[0].startswith(b"POST /of/w/add-checkpoint HTTP/1.1\r\n")

    def test_follows_no_redirect(self) -> None:
        moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        with answering(moved) as (url, asked):
            assert ask(url, b"").status == 302
        assert len(asked) == 1

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"nonsense\r\n\r\n",
            OK + b"Content-Length: 99\r\n\r\nyes",
            OK + b"Content-Length: 1\r\n\r\n\xff",
            OK + b"Content-Length: 20000\r\n\r\n" + b"x" * 20000,
        ],
    )
    def test_refuses_what_cannot_be_read(self, content: bytes) -> None:
        with answering(content) as (url, _), pytest.raises(UnreachableError):
            ask(url, b"")

    @pytest.mark.parametrize("content", [b"", OK, OK + b"Content-Length: 9\r\n\r\nye"])
    def test_ends_by_itself_when_the_other_side_does_not(self, content: bytes) -> None:
        with answering(content, hang=True) as (url, _), pytest.raises(UnreachableError):
            ask(url, b"", seconds=0.05)

    def test_says_that_nobody_is_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with pytest.raises(UnreachableError, match="ConnectionRefusedError"):
            ask(f"https://127.0.0.1:{port}", b"")

    @pytest.mark.parametrize("begin", [OK + b"X: ", OK + b"Connection: close\r\n\r\n"])
    def test_is_over_at_the_end_although_something_comes_all_the_time(self, begin: bytes) -> None:
        """A timeout of each step alone would never end this, in the headers or after them."""
        listener = socket.create_server(("127.0.0.1", 0))

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    connection.sendall(begin)
                    while True:
                        connection.sendall(b"x")
                        connection.settimeout(0.01)
                        try:
                            if not connection.recv(65536):
                                return
                        except TimeoutError:
                            continue
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(UnreachableError):
            ask(f"http://127.0.0.1:{listener.getsockname()[1]}", b"", seconds=0.2)
        thread.join()
        listener.close()
