"""Downloads models over https into a cache, with resume, checksum, cancel and one file at a time.

A file is kept as ``downloads/HOST-HASH/NAME`` with what is known of it in ``.NAME.json``; while it
arrives it is ``.NAME.part``. No downloaded name begins with a dot, so that ``voice.onnx`` and
``voice.onnx.json`` can lie side by side. Kernels that want the same file wait for the
one that downloads it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urldefrag, urlsplit

from wasinn_nb.nn.backend import Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import InvalidArgument, ModelNotFound, NNError, RuntimeFailure
from wasinn_nb.nn.locks import file_lock
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.sources.http import Answer, Transient, check_address, transfer
from wasinn_nb.nn.sources.worker import Worker

ATTEMPTS = 5
OFFLINE_ATTEMPTS = 2
STALL_SECONDS = 30.0
LONGEST_WAIT = 15.0
_REPORT_SECONDS = 0.1
_READ = 1 << 20


class Downloader:
    """Downloads into one directory.

    Args:
        directory: made when missing; safe to share between processes.
        stall: seconds of silence after which a connection is given up and tried again.
        backoff: seconds before the second attempt; doubled for each that follows.
    """

    def __init__(
        self, directory: Path, *, stall: float = STALL_SECONDS, backoff: float = 0.5
    ) -> None:
        self.directory = directory
        self._stall = stall
        self._backoff = backoff

    def fetch(
        self, url: str, *, progress: Progress | None = None, cancel: CancelToken | None = None
    ) -> Path:
        """The file of an address; from the cache if it is there, without asking the server.

        Args:
            url: ``https://...``, with ``#sha256=HEX`` to check what arrives.
            progress: called about ten times a second.
            cancel: returns within 200 ms, also from a server that is silent.

        Raises:
            ModelNotFound: no such file, or no connection.
            InvalidArgument: not an address that is allowed, or the checksum differs.
            RuntimeFailure: the disk is full, or the server keeps failing.
            Cancelled: through ``cancel``; what has arrived is kept for the next time.
        """
        address, fragment = urldefrag(url)
        check_address(address)
        job = _Job(address, self.path(address), checksum(fragment), progress)
        if job.cached():
            return job.path
        try:
            job.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _disk_failure(error, job.path) from None
        lock = _hidden(job.path, ".lock")
        with file_lock(lock, cancel=cancel, on_wait=job.waiting):
            if not job.cached():
                self._download(job, cancel)
        return job.path

    def path(self, address: str) -> Path:
        """Where the file of an address is kept. Parts of a split model come to lie side by side."""
        parts = urlsplit(address)
        folder, _, name = parts.path.rpartition("/")
        name = re.sub(r"[^\w.+-]", "_", unquote(name))[-120:].lstrip(".") or "model"
        place = f"{parts.scheme}://{parts.netloc}{folder}?{parts.query}"
        digest = hashlib.sha256(place.encode()).hexdigest()[:16]
        host = re.sub(r"[^\w.-]", "_", parts.hostname or "")[:60]
        return self.directory / f"{host}-{digest}" / name

    def _download(self, job: _Job, cancel: CancelToken | None) -> None:
        failures = 0
        while True:
            before = job.received
            try:
                self._attempt(job, cancel)
                job.finish()
            except Transient as reason:
                failures = 1 if job.received > before else failures + 1
                if reason.restart:
                    job.part.unlink(missing_ok=True)
                self._again(job, reason, failures, cancel)
            except OSError as error:
                raise _disk_failure(error, job.path) from None
            else:
                return

    def _attempt(self, job: _Job, cancel: CancelToken | None) -> None:
        start, validator = job.resume(cancel)
        stall = self._stall
        worker = Worker[Answer | bytes](
            lambda give: transfer(job.url, start, validator, give, timeout=stall)
        )
        with job.writing() as file:
            for item in worker.items(cancel):
                if isinstance(item, Answer):
                    job.begin(file, item)
                else:
                    job.write(file, item)

    def _again(
        self, job: _Job, reason: Transient, failures: int, cancel: CancelToken | None
    ) -> None:
        host = urlsplit(job.url).hostname
        if reason.offline and failures >= OFFLINE_ATTEMPTS:
            raise ModelNotFound(
                f"{str(reason)[:1].upper()}{str(reason)[1:]}; {job.path.name} is not in the cache.",
                hint="Connect to the network, or name a file that is on this machine.",
            )
        if failures >= ATTEMPTS:
            raise RuntimeFailure(
                f"{job.path.name} could not be downloaded from {host}: {reason}.",
                hint="Try again: what has arrived is kept and the rest will be asked for.",
            )
        wait = self._backoff * 2 ** (failures - 1)
        if reason.retry_after is not None:
            wait = reason.retry_after
        job.report(f"{reason}; trying again for", job.fraction)
        if cancel is None:
            time.sleep(min(wait, LONGEST_WAIT))
        elif cancel.wait(min(wait, LONGEST_WAIT)):
            cancel.raise_if_cancelled()


@dataclass
class _Job:
    """One file on its way: what is on disk, what is known of it, and how far it is."""

    url: str
    path: Path
    sha256: str
    progress: Progress | None
    received: int = 0
    total: int | None = None
    validator: str = ""
    hash: Any = field(default_factory=hashlib.sha256)
    reported: float = 0.0

    @property
    def part(self) -> Path:
        return _hidden(self.path, ".part")

    @property
    def fraction(self) -> float | None:
        return self.received / self.total if self.total else None

    def cached(self) -> bool:
        """Whether the finished file is there, whole, and the one that was asked for."""
        known = _read_json(_beside(self.path))
        try:
            size = self.path.stat().st_size
        except OSError:
            return False
        same = not self.sha256 or known.get("sha256") == self.sha256
        return same and known.get("size") == size

    def resume(self, cancel: CancelToken | None) -> tuple[int, str]:
        """Where to go on: the bytes that are there and the version they belong to."""
        known = _read_json(_beside(self.part))
        self.validator = str(known.get("validator", ""))
        self.hash = hashlib.sha256()
        self.received = 0
        if not self.validator or known.get("url") != self.url:
            return 0, ""
        with contextlib.suppress(OSError), self.part.open("rb") as file:
            while block := file.read(_READ):
                if cancel is not None:
                    cancel.raise_if_cancelled()
                self.hash.update(block)
                self.received += len(block)
        return self.received, self.validator

    def writing(self) -> BinaryIO:
        return self.part.open("ab")

    def begin(self, file: BinaryIO, answer: Answer) -> None:
        """Keep or drop what is there as the server says, and see that the disk has room.

        Raises:
            RuntimeFailure: not enough space, with the numbers.
        """
        if answer.start == 0:
            file.truncate(0)
            self.hash = hashlib.sha256()
            self.received = 0
        self.total, self.validator = answer.total, answer.validator
        _write_json(_beside(self.part), {"url": self.url, "validator": self.validator})
        needed = (self.total or 0) - self.received
        free = shutil.disk_usage(self.path.parent).free
        if needed > free:
            raise RuntimeFailure(
                f"{self.path.name} needs {format_bytes(needed)} of disk; "
                f"{format_bytes(free)} is free in {self.path.parent}.",
                hint="Free some space, or set another cache directory.",
            )
        self.report("downloading", self.fraction)

    def waiting(self, _seconds: float) -> None:
        """Somebody else downloads the same file."""
        if time.monotonic() - self.reported >= _REPORT_SECONDS:
            self.report("waiting for", None)

    def write(self, file: BinaryIO, chunk: bytes) -> None:
        file.write(chunk)
        self.hash.update(chunk)
        self.received += len(chunk)
        if time.monotonic() - self.reported >= _REPORT_SECONDS:
            self.report("downloading", self.fraction)

    def finish(self) -> None:
        """Check the whole file and put it in its place.

        Raises:
            InvalidArgument: the checksum differs; the file is deleted.
        """
        digest = self.hash.hexdigest()
        if self.sha256 and digest != self.sha256:
            self.part.unlink(missing_ok=True)
            raise InvalidArgument(
                f"{self.path.name} has the SHA-256 {digest} instead of {self.sha256}.",
                hint="It is another file than the one meant, or was changed; it was deleted.",
            )
        if not self.received:
            self.part.unlink(missing_ok=True)
            raise ModelNotFound(f"The file at {self.url} is empty.")
        os.replace(self.part, self.path)  # noqa: PTH105 - Path.replace is this call
        known = {"url": self.url, "size": self.received, "sha256": digest}
        _write_json(_beside(self.path), known)
        _beside(self.part).unlink(missing_ok=True)
        self.report("downloaded", 1.0)

    def report(self, what: str, fraction: float | None) -> None:
        self.reported = time.monotonic()
        if self.progress is None:
            return
        size = f" ({format_bytes(self.received)}" if self.received or self.total else ""
        size += f" of {format_bytes(self.total)})" if size and self.total else ")" if size else ""
        self.progress(f"{what} {self.path.name}{size}", fraction)


def checksum(fragment: str) -> str:
    """The digest in ``sha256=HEX``, or an empty string if there is no fragment.

    Raises:
        InvalidArgument: any other fragment.
    """
    if not fragment:
        return ""
    name, _, digest = fragment.partition("=")
    if name.lower() != "sha256" or not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        raise InvalidArgument(
            f"#{fragment[:80]} is not a checksum.", hint="It is #sha256= and 64 hexadecimal digits."
        )
    return digest.lower()


def _beside(path: Path) -> Path:
    return _hidden(path, ".json")


def _hidden(path: Path, suffix: str) -> Path:
    return path.with_name(f".{path.name.lstrip('.')}{suffix}")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write_json(path: Path, known: dict[str, Any]) -> None:
    partial = path.with_name(path.name + ".new")
    partial.write_text(json.dumps(known))
    os.replace(partial, path)  # noqa: PTH105


def _disk_failure(error: OSError, path: Path) -> NNError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        free = ""
        with contextlib.suppress(OSError):
            free = f" ({format_bytes(shutil.disk_usage(path.parent).free)} is free)"
        return RuntimeFailure(
            f"The disk is full: {path.name} cannot be kept in {path.parent}{free}.",
            hint="Free some space, or set another cache directory.",
        )
    return RuntimeFailure(
        f"{path} cannot be written: {error.strerror or error}.",
        hint="Check the permissions of the cache directory, or set another.",
    )
