"""Memory of this process, and of the machine as far as this process may use it; in bytes."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wasinn_nb.nn.cgroups import ROOT, UNLIMITED, Group, groups, read_int

_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def rss(root: Path = ROOT) -> int:
    """Resident set size of this process: private memory and the mapped pages that are in memory."""
    try:
        pages = int((root / "proc/self/statm").read_bytes().split()[1])
    except (OSError, ValueError, IndexError):
        return _rss_elsewhere()
    return pages * os.sysconf("SC_PAGE_SIZE")


def available(root: Path = ROOT) -> int:
    """Memory that this process could still take without swapping.

    On Linux the kernel's ``MemAvailable``, or what the limits of its control groups leave if that
    is less. Cached file pages count as free in both: they are dropped when memory is wanted.
    """
    machine = _meminfo(root).get("MemAvailable")
    if machine is None:
        return _available_elsewhere()
    room = (_room(group) for group in groups("memory", root))
    return max(0, min([machine, *(r for r in room if r is not None)]))


def total(root: Path = ROOT) -> int:
    """Memory of the machine, or of the control group if that is limited to less."""
    machine = _meminfo(root).get("MemTotal")
    if machine is None:
        import psutil

        return int(psutil.virtual_memory().total)
    limits = (_limit(group) for group in groups("memory", root))
    return min([machine, *(limit for limit in limits if limit is not None)])


def trim() -> None:
    """Give memory that native libraries freed back to the system.

    glibc keeps freed blocks below its trim threshold for itself, so without this the memory of an
    unloaded model would still count as used. Does nothing where there is no such call.
    """
    release = _release()
    if release is not None:
        release()


@dataclass(slots=True)
class Measurement:
    """How the resident set changed. ``delta`` is negative if memory was given back."""

    before: int
    after: int = 0

    @property
    def delta(self) -> int:
        """Bytes taken."""
        return self.after - self.before


@contextmanager
def measured() -> Iterator[Measurement]:
    """Measure what a block of code adds to the resident set; freed blocks are trimmed first."""
    trim()
    measurement = Measurement(rss())
    try:
        yield measurement
    finally:
        trim()
        measurement.after = rss()


def format_bytes(count: float) -> str:
    """A size for people: powers of 1000, three digits (``1.23 GB``, ``45.6 MB``, ``0 bytes``)."""
    size = abs(float(count))
    sign = "-" if count < 0 and size >= 0.5 else ""
    unit = 0
    while unit < len(_UNITS) - 1 and round(size) >= 1000:
        size /= 1000
        unit += 1
    if unit == 0:
        whole = round(size)
        return f"{sign}{whole} {'byte' if whole == 1 else 'bytes'}"
    digits = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{sign}{size:.{digits}f} {_UNITS[unit]}"


def _meminfo(root: Path) -> dict[str, int]:
    try:
        text = (root / "proc/meminfo").read_text(errors="replace")
    except OSError:
        return {}
    values: dict[str, int] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        number = rest.split()
        if number and number[0].isdecimal():
            values[name] = int(number[0]) * 1024
    return values


def _limit(group: Group) -> int | None:
    names = ("memory.max", "memory.high") if group.version == 2 else ("memory.limit_in_bytes",)
    limits = [read_int(group.path / name) for name in names]
    given = [limit for limit in limits if limit is not None and 0 <= limit < UNLIMITED]
    return min(given, default=None)


def _room(group: Group) -> int | None:
    """What is left below a group's limit once its file cache is dropped; None if unlimited."""
    limit = _limit(group)
    if limit is None:
        return None
    name = "memory.current" if group.version == 2 else "memory.usage_in_bytes"
    used = read_int(group.path / name) or 0
    return limit - max(0, used - _reclaimable(group))


def _reclaimable(group: Group) -> int:
    """Bytes of file cache charged to the group and everything in it.

    Pages of tmpfs and shared memory are on the anonymous lists, so they do not count here.
    """
    wanted = {"inactive_file", "active_file", "slab_reclaimable"}
    if group.version == 1:  # the names without the prefix leave out child groups
        wanted = {"total_inactive_file", "total_active_file"}
    try:
        text = (group.path / "memory.stat").read_text(errors="replace")
    except OSError:
        return 0
    amount = 0
    for line in text.splitlines():
        name, _, number = line.partition(" ")
        if name in wanted and number.strip().isdecimal():
            amount += int(number)
    return amount


def _rss_elsewhere() -> int:
    try:
        import psutil
    except ImportError:
        import resource

        # the peak, as nothing tells the present; in bytes on macOS, in kilobytes elsewhere
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return int(peak if sys.platform == "darwin" else peak * 1024)
    return int(psutil.Process().memory_info().rss)


def _available_elsewhere() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


@functools.cache
def _release() -> functools.partial[int] | None:
    try:
        library = ctypes.CDLL(None)
        if sys.platform == "darwin":
            call = library.malloc_zone_pressure_relief
            call.argtypes, call.restype = (ctypes.c_void_p, ctypes.c_size_t), ctypes.c_size_t
            return functools.partial(call, None, 0)
        call = library.malloc_trim
        call.argtypes, call.restype = (ctypes.c_size_t,), ctypes.c_int
        return functools.partial(call, 0)
    except (AttributeError, OSError, TypeError):
        return None
