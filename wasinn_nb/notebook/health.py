"""``%wasinn backends`` and ``%wasinn doctor``: what works here, and what to do otherwise."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING, Any

from wasinn_nb import __version__
from wasinn_nb.nn.backend import BackendStatus
from wasinn_nb.nn.memory import available, format_bytes, total
from wasinn_nb.nn.threads import default_threads, physical_cores, usable_cpus
from wasinn_nb.notebook import calibration, frontend, views
from wasinn_nb.notebook.frontend import Check
from wasinn_nb.notebook.text import Table, count, rate

if TYPE_CHECKING:
    from wasinn_nb.notebook.commands import Call

_LOG_LINES = 300
_FAR_BELOW = 0.5  # of the speed with one thread


def backends(call: Call) -> views.Listing[BackendStatus]:
    """``%wasinn backends``."""
    columns = ("encoding", "available", "library", "version", "devices", "note", "to install")
    table = Table(columns, empty="No backend is known.")
    statuses = []
    for backend in call.host.registry.backends().values():
        status = backend.status()
        statuses.append(status)
        row = (
            ", ".join(backend.encodings),
            "yes" if status.available else "no",
            status.library,
            status.version,
            _devices(status),
            status.detail,
            _install(status),
        )
        table.rows.append(row)
    return views.Listing(statuses, table.without_empty("to install").without_empty("note"))


def _devices(status: BackendStatus) -> str:
    """Names as a user may write them, with what they are."""
    return ", ".join(
        f"{device.name} ({device.description})" if device.description else device.name
        for device in status.devices
    )


def _install(status: BackendStatus) -> str:
    return "" if status.available else status.install


def doctor(call: Call) -> Any:
    """``%wasinn doctor``."""
    if call.options.log:
        return _log(call)
    checks = list(_checks(call))
    table = Table(("", "what", "found", "what to do"))
    for check in checks:
        mark = "ok" if check.well else "!!"
        table.rows.append((mark, check.subject, check.found, check.remedy))
    return views.Listing(checks, table.without_empty("what to do"))


def _checks(call: Call) -> Iterator[Check]:
    versions = ", ".join(f"{name} {_version(name)}" for name in ("wasmtime", "ipython", "numpy"))
    python = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield Check("wasinn_nb", True, f"{__version__}, {versions}, {python}")
    yield from languages(call)
    for name, backend in call.host.registry.backends().items():
        status = backend.status()
        version = f"{status.library} {status.version}".strip()
        parts = (version, f"on {_devices(status)}" if status.devices else "", status.detail)
        found = "; ".join(part for part in parts if part)
        yield Check(f"{name} models", status.available, found, _install(status))
    yield from _threads(call)
    yield from _memory(call)
    yield from _caches(call)
    yield from frontend.checks(call.shell)


def languages(call: Call) -> Iterator[Check]:
    """For each language what builds its cells, or what installs that."""
    for language in call.host.builder.languages():
        found = language.toolchain or "nothing that builds them"
        if language.toolchain and not language.ready:
            found += "; what it makes once is made at the first use"
        yield Check(f"{language.name} cells", bool(language.toolchain), found, language.install)


def _threads(call: Call) -> Iterator[Check]:
    cores, cpus = physical_cores(), usable_cpus()
    threads = call.host.settings.threads or default_threads()
    found = f"{threads} by default; {cores} physical cores, {cpus} usable processors"
    fewer = f"%config WasinnMagics.threads = {max(1, min(threads, cpus) - 1)}"
    remedy = f"Use fewer: {fewer}" if threads > cpus else ""
    yield Check("threads", threads <= cpus, found, remedy)
    wanted = {threads} | calibration.configured_threads(call.host.registry)
    rates = calibration.decode_rates(call.host.registry, {1, *wanted}, call.cancel)
    if 1 not in rates:
        return
    slow = sorted(n for n in wanted if rates[n] < _FAR_BELOW * rates[1])
    found = ", ".join(f"{rate(rates[n])} with {count(n, 'thread')}" for n in sorted(rates))
    remedy = (
        "Other programs hold the processors. Use fewer threads: "
        f"{fewer}, or for a model that sets them %wasinn config NAME --set threads=1"
    )
    remedy = remedy if slow else ""
    yield Check("decoding", not slow, f"{found} (built-in model)", remedy)


def _memory(call: Call) -> Iterator[Check]:
    budget = call.host.registry.memory_budget
    found = f"{format_bytes(available())} free of {format_bytes(total())}"
    if budget:
        found += f"; models may take {format_bytes(budget)}"
    yield Check("memory", True, found)


def _caches(call: Call) -> Iterator[Check]:
    cache = call.host.builder.artifacts
    found = f"{format_bytes(cache.size())} of at most {format_bytes(cache.limit)} in {cache.root}"
    remedy = (
        f"Free some space, or set WASINN_NB_CACHE_DIR: {cache.problem}" if cache.problem else ""
    )
    yield Check("build cache", not cache.problem, found, remedy)


def _log(call: Call) -> views.Document:
    text = call.host.native_log()
    lines = [line for line in text.splitlines() if not line.startswith("[debug]")]
    if not lines:
        return views.line("The native libraries have logged nothing.")
    cut = [f"({len(lines) - _LOG_LINES} earlier lines)"] if len(lines) > _LOG_LINES else []
    return views.preformatted("\n".join([*cut, *lines[-_LOG_LINES:]]))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"
