"""How many threads a computation should use here."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from wasinn_nb.nn.cgroups import ROOT, Group, groups, read_int


def default_threads(root: Path = ROOT) -> int:
    """Physical cores minus one, at least 1 and at most the processors this process may use.

    One core stays free for the kernel's own thread and the browser: a token loop with as many
    threads as cores waits for whichever of them the system takes away.
    """
    return max(1, min(physical_cores(root) - 1, usable_cpus(root)))


def physical_cores(root: Path = ROOT) -> int:
    """Cores that this process may run on, counting hyper-threads of one core once; at least 1."""
    allowed = _affinity()
    if not (root / "sys/devices/system/cpu").is_dir():
        return _cores_elsewhere(len(allowed))
    return max(1, len({_core(root, cpu) for cpu in allowed}))


def usable_cpus(root: Path = ROOT) -> int:
    """Logical processors that this process may use: its affinity and the quota of its groups.

    A quota of 2.5 processors counts as 2: one thread more would only throttle them all.
    """
    counts = [float(len(_affinity()))]
    counts += [q for group in groups("cpu", root) if (q := _quota(group)) is not None]
    return max(1, int(min(counts)))


def parse_cpu_list(text: str) -> set[int]:
    """The processors in a list as Linux writes it (``0-3,8``); what is malformed is left out."""
    cpus: set[int] = set()
    for part in text.strip().split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            continue
        low, high = int(first), int(last) if dash else int(first)
        if high - low <= 65_536:
            cpus.update(range(low, high + 1))
    return cpus


def _affinity() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


@functools.lru_cache(maxsize=4096)  # a machine's topology stays as it is
def _core(root: Path, cpu: int) -> int:
    """A number for the core that a logical processor belongs to: its lowest sibling."""
    topology = root / f"sys/devices/system/cpu/cpu{cpu}/topology"
    for name in ("core_cpus_list", "thread_siblings_list"):
        try:
            siblings = parse_cpu_list((topology / name).read_text())
        except OSError:
            continue
        if cpu in siblings:
            return min(siblings)
    return cpu


def _quota(group: Group) -> float | None:
    if group.version == 2:
        try:
            fields = (group.path / "cpu.max").read_text().split()
        except OSError:
            return None
        numbers = [int(field) for field in fields if field.isdecimal()]
        quota, period = numbers if len(numbers) == 2 else (-1, 0)
    else:
        quota = read_int(group.path / "cpu.cfs_quota_us") or -1
        period = read_int(group.path / "cpu.cfs_period_us") or 0
    return quota / period if quota > 0 and period > 0 else None


def _cores_elsewhere(logical: int) -> int:
    try:
        import psutil
    except ImportError:
        return logical
    return max(1, min(psutil.cpu_count(logical=False) or logical, logical))
