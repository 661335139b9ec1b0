"""Which hosts a guest may send HTTP requests to.

A name is compared as the guest writes it: what it resolves to is not looked at.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from wasinn_nb.guest.words import plain
from wasinn_nb.nn.errors import InvalidArgument

ANY = "*"
_SUBDOMAINS = "*."
_PLAIN_PORT, _TLS_PORT, _MOST_PORT = 80, 443, 65535
_NAME = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?"
_NUMBER = re.compile(r"[0-9]{1,5}")
# nothing else can be granted, so that what a message proposes to grant is one host
_AUTHORITY = re.compile(rf"(?P<host>\[[0-9a-f:.]+\]|{_NAME})(?::(?P<port>{_NUMBER.pattern}))?")
_GRANTED = re.compile(rf"(?:\*\.)?{_NAME}|\*")
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request goes.

    Attributes:
        host: in lower case; an address of IPv6 in brackets, in its shortest form.
        port: of the host.
        is_usual: whether that is the port of the scheme.
    """

    host: str
    port: int
    is_usual: bool

    def __str__(self) -> str:
        """As it is granted."""
        return self.host if self.is_usual else f"{self.host}:{self.port}"

    @classmethod
    def of(cls, scheme: str, authority: str) -> Destination | None:
        """What a request asks for; None if that is no host, or a user's name comes before it.

        Args:
            scheme: ``HTTP``; anything else is ``HTTPS``, as it is for who sends it.
            authority: the host, perhaps with a port.
        """
        found = _AUTHORITY.fullmatch(authority.lower())
        if found is None:
            return None
        usual = _PLAIN_PORT if scheme == "HTTP" else _TLS_PORT
        port = int(found["port"] or usual)
        if port > _MOST_PORT:
            return None
        return cls(_normal(found["host"]), port, port == usual)


@dataclass(frozen=True, slots=True)
class Grant:
    """One host, or all of a domain.

    Attributes:
        host: as in a destination; ``*.example.org`` is everything below it, ``*`` everything.
        port: None for the one of the scheme, ``*`` for every one.
    """

    host: str
    port: int | str | None

    def covers(self, asked: Destination) -> bool:
        """Whether a request may go there."""
        if self.host.startswith(_SUBDOMAINS):
            named = asked.host.endswith(self.host[1:]) and len(asked.host) >= len(self.host)
        else:
            named = self.host in (ANY, asked.host)
        if self.port is None:
            return named and asked.is_usual
        return named and self.port in (ANY, asked.port)


@dataclass(frozen=True, slots=True)
class Grants:
    """The hosts that one run may reach; without any, none."""

    hosts: tuple[Grant, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.hosts)

    @property
    def everything(self) -> bool:
        """Whether there is nothing that it may not reach."""
        return Grant(ANY, ANY) in self.hosts

    def allow(self, asked: Destination) -> bool:
        """Whether a request may go there."""
        return any(grant.covers(asked) for grant in self.hosts)

    @classmethod
    def of(cls, given: object) -> Grants:
        """Grants from what a caller wrote: hosts, or texts of hosts with commas between them.

        Raises:
            InvalidArgument: something is no host, with how to write it.
        """
        if given is None:
            return cls()
        listed = [given] if isinstance(given, str) else given
        if not isinstance(listed, Iterable) or isinstance(listed, (bytes, Mapping)):
            raise _no_list(given)
        texts = []
        for one in listed:
            if not isinstance(one, str):
                raise _no_list(given)
            texts += [part.strip() for part in one.split(",")]
        return cls(tuple(dict.fromkeys(grant(text) for text in texts)))


NOTHING = Grants()


def grant(text: str) -> Grant:
    """What ``HOST``, ``HOST:PORT``, ``HOST:*``, ``*.DOMAIN`` or ``*`` grants.

    Raises:
        InvalidArgument: it is none of them.
    """
    if text == ANY:
        return Grant(ANY, ANY)
    lower = text.lower()
    host, colon, port = lower.rpartition(":")
    if lower.endswith("]") or not colon:
        host, colon, port = lower, "", ""
    if _is_address(lower):  # of IPv6, where a port could not be told from its last part
        host, colon, port = f"[{lower}]", "", ""
    number = _port(port) if colon else None
    named = _is_address(host[1:-1]) if host.startswith("[") else _GRANTED.fullmatch(host)
    if not named or (colon and number is None):
        raise InvalidArgument(f"{plain(text, _LONGEST)!r} is no host.", hint=_advice(text))
    return Grant(_normal(host), number)


def _no_list(given: object) -> InvalidArgument:
    return InvalidArgument(
        f"allow_http is {given!r}; it must be a list of hosts.",
        hint='Write ["example.org", "localhost:8080"], or ["*"] for every host.',
    )


def _port(text: str) -> int | str | None:
    if text == ANY:
        return ANY
    number = int(text) if _NUMBER.fullmatch(text) else 0
    return number if 0 < number <= _MOST_PORT else None


def _normal(host: str) -> str:
    if _is_address(host[1:-1]):
        return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
    return host


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _advice(text: str) -> str:
    """What was meant, perhaps."""
    meant = ""
    if "/" in text:
        try:
            meant = urlsplit(text if "://" in text else f"//{text}").netloc.rpartition("@")[2]
        except ValueError:
            meant = ""
    elif not text.isascii():
        try:
            meant = text.encode("idna").decode()
        except UnicodeError:
            meant = ""
    if meant and meant != text:
        try:
            grant(meant)
        except InvalidArgument:
            meant = ""
    if meant:
        return f"Write the host alone: {meant}"
    return "Write example.org, example.org:8080, *.example.org, [::1]:8080, or * for every host."
