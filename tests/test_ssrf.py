"""What may be reached when somebody types an address, and that the connection goes where the check looked."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occasion.errors import InputError
from occasion.service.ssrf import Allowed, Forbidden, Sender, check_url, is_public, resolve

NOBODY = Allowed()
INSIDE = (
    *("127.0.0.1", "127.8.9.10", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.100.100.200"),
    *("0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.0.192", "168.63.129.16", "198.18.0.1", "203.0.113.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8"),
    *(
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "fec0::1",
        "2001:db8::1",
    ),
)


@pytest.mark.parametrize("text", INSIDE)
def test_an_address_inside_is_not_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::200e"])
def test_an_address_of_the_internet_is(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@given(st.integers(0, 2**32 - 1))
def test_however_an_ipv4_address_is_written_in_ipv6_it_is_refused(number: int) -> None:
    for prefix in (0, 0xFFFF << 32, 0xFFFF << 48, 0x64FF9B << 96):
        assert not is_public(ipaddress.IPv6Address(prefix | number))
    assert not is_public(ipaddress.IPv6Address((0x2002 << 112) | (number << 80)))


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/", "https://localhost/", "https://127.1/", "https://0x7f.0.0.1/", "https://2130706433/"),
        *(
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://0/",
            "https://[fe80::1%25lo]/",
        ),
        *("http://169.254.169.254/latest/meta-data", "https://127.0.0.1./"),
    ],
)
def test_loopback_in_every_spelling_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        check_url(url, NOBODY)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.com/", "file:///etc/passwd", "https://user:pw@example.com/", "https:///x", "//example.com"),
        *("https://example.com:99999/", "https://exa mple.com/", "https://example.com\\@127.0.0.1/", "gopher://x", ""),
        *("https://example.com/\r\nX: y", "https://[::1", "https://example.com:0/", "https://ex\u00e4mple.com/"),
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        check_url(url, NOBODY, lambda host, port: ["93.184.216.34"])


def test_one_bad_address_among_good_ones_is_enough() -> None:
    with pytest.raises(Forbidden, match=r"10\.0\.0\.5"):
        check_url("https://mixed.example/", NOBODY, lambda host, port: ["93.184.216.34", "10.0.0.5"])


def test_plain_http_is_for_listed_hosts() -> None:
    with pytest.raises(Forbidden, match="plain http"):
        check_url("http://example.com/", NOBODY, lambda host, port: ["93.184.216.34"])
    check_url("http://intern.example/", Allowed.of(["intern.example"]), lambda host, port: ["10.1.2.3"])
    check_url("http://intern.example/", Allowed.of(["10.1.0.0/16"]), lambda host, port: ["10.1.2.3"])
    with pytest.raises(Forbidden):
        check_url("http://intern.example/", Allowed.of(["10.9.0.0/16"]), lambda host, port: ["10.1.2.3"])


@pytest.fixture
def listening() -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    seen: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append((self.headers["Host"], self.rfile.read(int(self.headers["Content-Length"]))))
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", f"http://127.0.0.1:{port}/there")
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * (200_000 if self.path == "/much" else 2))

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield port, seen
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_a_listed_host_gets_it_and_the_answer_is_cut(listening: tuple[int, list[tuple[str, bytes]]]) -> None:
    port, seen = listening
    with Sender(["hooks.test"], resolving=lambda host, port: ["127.0.0.1"]) as sender:
        answer = sender.post(f"http://hooks.test:{port}/much", b"{}", {"Content-Type": "application/json"})
    assert (answer.status, len(answer.body)) == (200, 64 * 1024)
    assert seen == [(f"hooks.test:{port}", b"{}")]


def test_a_redirect_is_an_answer_and_not_followed(listening: tuple[int, list[tuple[str, bytes]]]) -> None:
    port, seen = listening
    with Sender(["127.0.0.1"]) as sender:
        assert sender.post(f"http://127.0.0.1:{port}/away", b"", {"Content-Length": "0"}).status == 302
    assert len(seen) == 1


def test_a_name_that_changes_its_meaning_after_the_check_is_judged_again_where_it_connects(
    listening: tuple[int, list[tuple[str, bytes]]],
) -> None:
    port, seen = listening
    said = iter([["93.184.216.34"], ["127.0.0.1"]])
    with Sender(resolving=lambda host, port: next(said)) as sender, pytest.raises(Forbidden, match=r"127\.0\.0\.1"):
        sender.post(f"https://rebinding.example:{port}/", b"{}", {})
    assert seen == []


def test_nobody_there_is_an_os_error() -> None:
    with Sender(["127.0.0.1"], seconds=2) as sender, pytest.raises(OSError, match="could not be reached"):
        sender.post("http://127.0.0.1:9/", b"", {})


def test_a_name_nobody_knows() -> None:
    assert resolve("no-such-host.invalid", 443) == []
    assert resolve("a" * 300, 443) == []
    with pytest.raises(Forbidden, match="not known"):
        check_url("https://no-such-host.invalid/", NOBODY)
