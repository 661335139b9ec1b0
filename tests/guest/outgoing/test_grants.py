"""Which hosts are granted by which words."""

from __future__ import annotations

import pytest

from wasinn_nb.guest.outgoing.grants import Destination, Grants
from wasinn_nb.nn.errors import InvalidArgument


def allowed(given, authority, scheme="HTTPS"):
    asked = Destination.of(scheme, authority)
    return asked is not None and Grants.of(given).allow(asked)


@pytest.mark.parametrize(
    ("given", "authority", "scheme"),
    [
        ("example.org", "example.org", "HTTPS"),
        ("example.org", "example.org", "HTTP"),
        ("example.org", "example.org:443", "HTTPS"),
        ("example.org", "example.org:80", "HTTP"),
        ("Example.ORG", "eXample.org", "HTTPS"),
        ("example.org:443", "example.org", "HTTPS"),
        ("example.org:80", "example.org:080", "HTTPS"),
        ("localhost:8080", "localhost:8080", "HTTP"),
        ("localhost:*", "localhost:1", "HTTP"),
        ("*.example.org", "a.b.example.org", "HTTPS"),
        ("*.example.org:8080", "a.example.org:8080", "HTTPS"),
        ("*:8080", "127.0.0.1:8080", "HTTPS"),
        ("*", "[fe80::1]:65535", "other"),
        ("::1", "[0:0:0:0:0:0:0:1]", "HTTP"),
        ("[0::1]:8080", "[::1]:8080", "HTTP"),
        ("[::ffff:127.0.0.1]", "[::FFFF:7f00:1]", "HTTP"),
        ("192.168.0.1", "192.168.0.1", "HTTP"),
        ("under_score.org, example.org ,a", "example.org", "HTTPS"),
        (["a:1", "b:2,c:3"], "c:3", "HTTPS"),
    ],
)
def test_granted(given, authority, scheme):
    assert allowed(given, authority, scheme)


@pytest.mark.parametrize(
    ("given", "authority", "scheme"),
    [
        ([], "example.org", "HTTPS"),
        ("example.org", "evil.org", "HTTPS"),
        ("example.org", "example.org.evil.org", "HTTPS"),
        ("example.org", "notexample.org", "HTTPS"),
        ("example.org", "www.example.org", "HTTPS"),
        ("example.org", "example.org:8080", "HTTPS"),
        ("example.org", "example.org:80", "HTTPS"),
        ("example.org", "example.org:443", "HTTP"),
        ("example.org:8080", "example.org", "HTTP"),
        ("example.org", "example.org.", "HTTPS"),
        ("example.org", "example.org@evil.org", "HTTPS"),
        ("example.org", "user@example.org", "HTTPS"),
        ("example.org", "user:secret@example.org", "HTTPS"),
        ("example.org", "evil.org#example.org", "HTTPS"),
        ("example.org", "evil.org/example.org", "HTTPS"),
        ("example.org", "evil.org\\example.org", "HTTPS"),
        ("example.org", "example.org\n", "HTTPS"),
        ("example.org", "example.org:443:80", "HTTPS"),
        ("example.org", "example.org:", "HTTPS"),
        ("example.org:*", "example.org:99999", "HTTPS"),
        ("*.example.org", "example.org", "HTTPS"),
        ("*.example.org", ".example.org", "HTTPS"),
        ("*.example.org", "aexample.org", "HTTPS"),
        ("*.example.org", "a.example.org:8080", "HTTPS"),
        ("127.0.0.1", "127.1", "HTTP"),
        ("127.0.0.1", "2130706433", "HTTP"),
        ("127.0.0.1", "[::ffff:127.0.0.1]", "HTTP"),
        ("localhost", "127.0.0.1", "HTTP"),
        ("[::1]", "[::2]", "HTTP"),
        ("*", "", "HTTPS"),
    ],
)
def test_not_granted(given, authority, scheme):
    assert not allowed(given, authority, scheme)


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ("", "example.org:8080"),
        ("a,,b", "example.org:8080"),
        ("https://example.org:8080/x?y", "alone: example.org:8080"),
        ("https://me@example.org", "alone: example.org"),
        ("example.org/x", "alone: example.org"),
        ("bücher.example", "alone: xn--bcher-kva.example"),
        ("http://[::1", "[::1]:8080"),
        ("me@example.org", "*.example.org"),
        ("example.org:0", "example.org:8080"),
        ("example.org:65536", "example.org:8080"),
        ("example.org:" + "9" * 5000, "example.org:8080"),
        ("example.org:http", "example.org:8080"),
        ("example..org", "example.org:8080"),
        ("*.*", "*.example.org"),
        ("*example.org", "*.example.org"),
        ("www.*.org", "*.example.org"),
        ("[12]", "[::1]"),
        ("[::1", "[::1]"),
        (True, "['*']".replace("'", '"')),
        (b"example.org", '"localhost:8080"'),
        ({"example.org": 80}, '"localhost:8080"'),
        (["example.org", 80], '"localhost:8080"'),
    ],
)
def test_what_is_no_host_is_refused_with_how_to_write_it(given, advice):
    with pytest.raises(InvalidArgument) as caught:
        Grants.of(given)
    assert advice in caught.value.hint
    assert len(str(caught.value)) < 400


def test_what_is_asked_for_is_told_as_it_is_granted():
    for scheme, authority, told in (
        ("HTTPS", "Example.org:443", "example.org"),
        ("HTTP", "example.org:443", "example.org:443"),
        ("HTTP", "[0::1]:8080", "[::1]:8080"),
    ):
        asked = Destination.of(scheme, authority)
        assert str(asked) == told
        assert allowed(str(asked), authority, scheme)


def test_nothing_that_a_guest_makes_up_is_proposed_as_a_grant_of_more():
    for authority in ("*", "*.org", "a,b", "*:80", "'", "a$b"):
        assert Destination.of("HTTP", authority) is None
