"""One GET request of a file or the rest of it: allowed addresses, redirects, errors in words.

Only the standard library, so that a download needs nothing installed. Certificates are always
verified; plain http is for this machine only, and a redirect never leaves https.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlsplit

from wasinn_nb.nn.errors import InvalidArgument, ModelNotFound, NNError, RuntimeFailure

MAX_REDIRECTS = 5
CHUNK = 1 << 18
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class Transient(Exception):  # noqa: N818 - a reason to try again, not yet an error
    """The transfer may work if tried again.

    Attributes:
        retry_after: seconds that the server asked to wait, or None.
        offline: no connection was made at all.
        restart: what the caller has is not the beginning of the file.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        offline: bool = False,
        restart: bool = False,
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.offline = offline
        self.restart = restart


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of a response: where its bytes begin, how long the whole file is, which version."""

    start: int
    total: int | None
    validator: str


def check_address(url: str) -> str:
    """The address, if it is one that models may come from.

    Raises:
        InvalidArgument: credentials in it, plain http to another machine, or not an address.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise InvalidArgument(f"{url[:200]!r} is not an address.") from None
    if not host or not url.isprintable() or " " in url:
        raise InvalidArgument(f"{url[:200]!r} is not an address.")
    if parts.username or parts.password:
        raise InvalidArgument(
            f"The address at {host} has a password in it, which would end up in the notebook.",
            hint="Download the file with another program and name it here.",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise InvalidArgument(
            f"http://{host} is not encrypted, so the model could be changed on its way.",
            hint="Use https://.",
        )
    return url


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def transfer(
    url: str,
    start: int,
    validator: str,
    give: Callable[[Answer | bytes], None],
    *,
    timeout: float,
) -> None:
    """Get a file from byte ``start`` on; gives the :class:`Answer` first, then the bytes.

    Args:
        url: an address that :func:`check_address` accepts.
        start: bytes that the caller has already. The server decides: the answer may start at 0.
        validator: the version they belong to, as a former answer had it (a strong entity tag or
            a date); empty to get everything.
        give: takes what arrives.
        timeout: seconds of silence after which the connection counts as dead.

    Raises:
        Transient: it may work if tried again.
        NNError: it will not.
    """
    host = urlsplit(url).hostname or ""
    headers = {"Accept-Encoding": "identity", "User-Agent": _user_agent()}
    if start and validator:
        headers |= {"Range": f"bytes={start}-", "If-Range": validator}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - checked by the caller
    try:
        with _opener(host).open(request, timeout=timeout) as response:
            answer = _answer(response, start)
            give(answer)
            _body(response, answer, give)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error, url, start) from None
    except urllib.error.URLError as error:
        raise _unreachable(error.reason, host) from None
    except (TimeoutError, http.client.HTTPException, ConnectionError, ssl.SSLError) as error:
        raise Transient(f"{host} broke the connection ({_words(error)})") from None


def _body(response: Any, answer: Answer, give: Callable[[Answer | bytes], None]) -> None:
    position = answer.start
    while chunk := response.read1(CHUNK):
        position += len(chunk)
        give(chunk)
    if answer.total is not None and position < answer.total:
        raise Transient(f"the connection ended after {position:,} of {answer.total:,} bytes")


def _answer(response: Any, wanted: int) -> Answer:
    headers = response.headers
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RuntimeFailure("The server sent the file compressed although that was not asked for.")
    tag, date = headers.get("ETag", ""), headers.get("Last-Modified", "")
    validator = tag if tag.startswith('"') else date
    length = _number(headers.get("Content-Length"))
    if response.status == 206:
        unit, _, rest = headers.get("Content-Range", "").partition(" ")
        span, _, size = rest.partition("/")
        if unit != "bytes" or _number(span.partition("-")[0]) != wanted:
            raise RuntimeFailure("The server answered with a part of the file nobody asked for.")
        return Answer(wanted, _number(size), validator)
    return Answer(0, length, validator)


def _refusal(error: urllib.error.HTTPError, url: str, start: int) -> Exception:
    host, name = urlsplit(url).hostname, urlsplit(url).path
    if error.code == 416 and start:
        return Transient("the server has no such rest of the file", retry_after=0, restart=True)
    if error.code in _TRANSIENT:
        after = _number(error.headers.get("Retry-After"))
        return Transient(f"{host} answered {error.code} ({error.reason})", retry_after=after)
    text = f"{host} has no file {name} (it answered {error.code} {error.reason})."
    hint = "Check the address."
    if error.code in {401, 403}:
        text = f"{host} refused the file {name} (it answered {error.code} {error.reason})."
        hint = "It may need a login; download it with a browser and name the file here."
    elif error.code in range(300, 400):
        text, hint = f"{host} redirects in a way that is not followed: {error.reason}.", ""
    return ModelNotFound(text, hint=hint)


def _unreachable(reason: object, host: str) -> Exception:
    if isinstance(reason, NNError):
        return reason
    if isinstance(reason, ssl.SSLCertVerificationError):
        return RuntimeFailure(
            f"The certificate of {host} cannot be verified: {reason.verify_message}.",
            hint="Nothing was downloaded. Check the address and the clock of this machine.",
        )
    offline = isinstance(reason, (socket.gaierror, ConnectionRefusedError, TimeoutError, OSError))
    return Transient(f"no connection to {host} ({_words(reason)})", offline=offline)


def _words(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return "it is silent"
    if isinstance(reason, http.client.IncompleteRead):
        return "it ended early"
    text = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
    return text or type(reason).__name__


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isdecimal() and len(text) < 20 else None


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects, to places that may be named as well."""

    max_redirections = MAX_REDIRECTS

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        try:
            if new.scheme not in {"http", "https"} or (old.scheme == "https" != new.scheme):
                where = f"{new.scheme}://{new.hostname or ''}"
                raise RuntimeFailure(
                    f"{old.hostname} redirects from {old.scheme} to {where}, which is not followed."
                )
            check_address(newurl)
        except NNError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(host: str) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [
        _Redirects(),
        urllib.request.HTTPSHandler(context=_context()),
    ]
    if is_loopback(host):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not context.get_ca_certs():
        try:
            import certifi
        except ImportError:
            return context
        context.load_verify_locations(certifi.where())
    return context


def _user_agent() -> str:
    from importlib.metadata import version

    return f"wasinn-nb/{version('wasinn-nb')}"
