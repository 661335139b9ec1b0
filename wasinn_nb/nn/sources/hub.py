"""Models of the Hugging Face Hub, through ``huggingface_hub`` with its cache, token and mirrors."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from wasinn_nb.nn.backend import Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import (
    InvalidArgument,
    ModelNotFound,
    NNError,
    RuntimeFailure,
    UnsupportedOperation,
)
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.sources.worker import Abandoned, leaving

_REPORT_SECONDS = 0.1
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository at a revision (a branch, a tag or a commit)."""

    repository: str
    name: str
    revision: str | None


def parse_hub(text: str) -> HubFile:
    """Read ``hf:ORG/REPO/FILE[@REVISION]``; FILE may be in a folder.

    Raises:
        InvalidArgument: not of that form.
    """
    body = text.strip().partition(":")[2].strip("/")
    name, at, revision = body.rpartition("@")
    if not at:
        name, revision = body, ""
    pieces = name.split("/", 2)
    if len(pieces) < 3 or not all(pieces) or (at and not revision) or ".." in name.split("/"):
        raise InvalidArgument(
            f"{text!r} does not name a file of a repository.",
            hint="Write hf:ORG/REPO/FILE, with @REVISION behind it if you want a certain one.",
        )
    return HubFile(f"{pieces[0]}/{pieces[1]}", pieces[2], revision or None)


def fetch_from_hub(
    text: str, *, progress: Progress | None = None, cancel: CancelToken | None = None
) -> Path:
    """The file on this machine, downloaded into the Hub's own cache if it is not there.

    Raises:
        UnsupportedOperation: ``huggingface_hub`` is not installed.
        ModelNotFound: no such repository, revision or file, no access, or no connection.
        Cancelled: within 200 ms of ``cancel``.
    """
    file = parse_hub(text)
    try:
        from huggingface_hub import constants, hf_hub_download
    except ImportError:
        raise UnsupportedOperation(
            f"{text} needs the package huggingface_hub.", hint="%pip install huggingface_hub"
        ) from None
    bar = _bar(file, progress, cancel)

    def body() -> str:
        path: str = hf_hub_download(
            file.repository,
            file.name,
            revision=file.revision,
            tqdm_class=bar,
            local_files_only=not _reachable(constants.ENDPOINT),
        )
        return path

    try:
        return Path(leaving(body, cancel))
    except NNError:
        raise
    except Exception as error:
        if cancel is not None:
            cancel.raise_if_cancelled()
        raise _explain(error, file) from error


def _reachable(endpoint: str) -> bool:
    """Whether a connection can be made at all: the Hub's own retries take half a minute to tell."""
    host, port = urlsplit(endpoint).hostname or "", urlsplit(endpoint).port or 443
    if getproxies() and not proxy_bypass(host):
        return True
    try:
        with socket.create_connection((host, port), _CONNECT_SECONDS):
            return True
    except OSError:
        return False


def _explain(error: Exception, file: HubFile) -> NNError:
    """The Hub's exceptions in our words, told by name: their home has moved between versions."""
    names = {kind.__name__ for kind in type(error).__mro__}
    where = f"{file.repository}" + (f" at {file.revision}" if file.revision else "")
    if "GatedRepoError" in names:
        return ModelNotFound(
            f"{file.repository} is gated: its owner lets in only whom they accept.",
            hint=f"Ask for access on the page of {file.repository}, then run `hf auth login`.",
        )
    if "RepositoryNotFoundError" in names:
        return ModelNotFound(
            f"There is no repository {file.repository}, or it is private.",
            hint="Check the name; for a private one run `hf auth login`.",
        )
    if "RevisionNotFoundError" in names:
        return ModelNotFound(f"{file.repository} has no revision {file.revision!r}.")
    if "LocalEntryNotFoundError" in names or "OfflineModeIsEnabled" in names:
        return ModelNotFound(
            f"No connection to the Hub; {file.name} of {where} is not in its cache.",
            hint="Connect to the network, or name a file that is on this machine.",
        )
    if "EntryNotFoundError" in names:
        return ModelNotFound(
            f"{where} has no file {file.name!r}.", hint="Check the list of its files."
        )
    if "HFValidationError" in names:
        return InvalidArgument(f"{file.repository!r} is not the name of a repository.")
    first_line = str(error).strip().partition("\n")[0]
    return RuntimeFailure(f"{file.name} could not be downloaded from {where}: {first_line}.")


def _bar(file: HubFile, progress: Progress | None, cancel: CancelToken | None) -> type[Any]:
    """A progress bar class for the Hub's downloads that shows nothing and reports to us."""
    from tqdm.std import tqdm

    name = file.name.rpartition("/")[2]
    report: Callable[[str, float | None], None] = progress or (lambda _what, _fraction: None)

    class Bar(tqdm):  # type: ignore[misc, type-arg, unused-ignore]
        def __init__(self, *args: Any, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*args, **{**options, "disable": True})
            self.done = int(options.get("initial") or 0)
            self.reported = 0.0

        def update(self, n: float | None = 1) -> bool | None:
            if cancel is not None and cancel.cancelled:
                raise Abandoned
            self.done += int(n or 0)
            if time.monotonic() - self.reported >= _REPORT_SECONDS or self.done == self.total:
                self.reported = time.monotonic()
                size = f" of {format_bytes(self.total)}" if self.total else ""
                fraction = min(1.0, self.done / self.total) if self.total else None
                report(f"downloading {name} ({format_bytes(self.done)}{size})", fraction)
            return None

    return Bar
