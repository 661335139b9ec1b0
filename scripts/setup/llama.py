"""llama.cpp: built once with options chosen for it, then served from a wheel cache.

`llama-cpp-python` is published as source only. pip's own cache does not know about CMake options
and would take a CUDA build and a CPU build for the same wheel; this cache tells them apart.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scripts.setup.lock import locked
from scripts.setup.progress import SetupError, run, say
from scripts.setup.system import COMPILER, require

PACKAGE = "llama-cpp-python"
HERE = Path(__file__).resolve().parent
HOOK = HERE / "without_common.cmake"

CMAKE_OPTIONS = {
    "GGML_NATIVE": "ON",  # the wheel is for the machine that builds it
    "GGML_OPENMP": "ON",  # docs/backends.md has the measurement
    # GCC 12 drops most of the stores to AMX's tile configuration, and the process dies of it
    "CMAKE_C_FLAGS": "-U__AMX_INT8__",
    "CMAKE_CXX_FLAGS": "-U__AMX_INT8__",
    "GGML_ALL_WARNINGS": "OFF",
    "LLAMA_ALL_WARNINGS": "OFF",
    "LLAVA_BUILD": "OFF",  # image input
    # upstream installs a second copy of every library into site-packages/lib otherwise
    "CMAKE_INSTALL_BINDIR": "llama_cpp/bin",
    "CMAKE_INSTALL_INCLUDEDIR": "llama_cpp/include",
    "CMAKE_INSTALL_LIBDIR": "llama_cpp/lib",
}

ACCELERATORS: dict[str, dict[str, str]] = {
    "cpu": {},
    "cuda": {"GGML_CUDA": "ON"},
    "metal": {"GGML_METAL": "ON", "GGML_METAL_EMBED_LIBRARY": "ON"},
    "vulkan": {"GGML_VULKAN": "ON"},
}
_TOOLS = {
    "cuda": ("nvcc", "the CUDA toolkit (nvcc on PATH)"),
    "metal": ("xcrun", "Xcode's command line tools"),
    "vulkan": ("glslc", "the Vulkan SDK (Debian: libvulkan-dev glslc)"),
}

CPU_MINUTES = {"cpu": 6, "cuda": 90, "metal": 8, "vulkan": 20}
"""Rough cost of a build in minutes of one core."""


@dataclass(frozen=True)
class Build:
    """One way to build one release of llama-cpp-python.

    Attributes:
        version: The exact release.
        accelerator: A key of `ACCELERATORS`.
        extra: More CMake arguments, as typed by the user.
    """

    version: str
    accelerator: str = "cpu"
    extra: str = ""

    @property
    def options(self) -> list[str]:
        """CMake arguments that shape the result, sorted."""
        chosen = CMAKE_OPTIONS | ACCELERATORS[self.accelerator]
        return [f"-D{name}={value}" for name, value in sorted(chosen.items())]

    @property
    def key(self) -> str:
        """Names everything that the wheel depends on."""
        facts = [
            self.version,
            *self.options,
            self.extra,
            HOOK.read_text(encoding="utf-8"),
            platform.system(),
            platform.machine(),
            *platform.libc_ver(),
            cpu_features(),
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]

    @property
    def folder(self) -> Path:
        """Where its wheel is cached."""
        return cache_root() / self.key

    def cached(self) -> Path | None:
        """The wheel, if it has been built before."""
        return next(iter(self.folder.glob("*.whl")), None)


def cache_root() -> Path:
    """The folder that holds one folder for each build."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "wasinn-nb", "wheels")


def cpu_features() -> str:
    """What GGML_NATIVE looks at: the instruction sets of this CPU."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        answer = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"],
            capture_output=True,
            text=True,
            check=False,
        )
        return answer.stdout.strip() or platform.processor()
    found = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", text, re.MULTILINE)
    return " ".join(sorted(found[1].split())) if found else platform.processor()


def wheel(build: Build, python: Path, log: Path) -> Path:
    """The wheel for `build`, built now if no set-up on this machine has done so before.

    Args:
        build: What is wanted.
        python: The interpreter of the environment; CMake, Ninja and the build backend live there.
        log: Where the compiler's output goes.

    Raises:
        SetupError: A tool is missing or the build fails.
    """
    if found := build.cached():
        return found
    require([COMPILER], log)
    _require_toolkit(build.accelerator)
    build.folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(build.folder.with_suffix(".lock"), "building the same llama.cpp"):
        if found := build.cached():  # another set-up was faster
            return found
        _compile(build, python, log)
    found = build.cached()
    if found is None:
        raise SetupError(f"the build of {PACKAGE} left no wheel; see {log}")
    return found


def _require_toolkit(accelerator: str) -> None:
    if accelerator in _TOOLS:
        program, what = _TOOLS[accelerator]
        if not shutil.which(program):
            raise SetupError(f"a {accelerator} build needs {what}; install it and repeat.")


def _compile(build: Build, python: Path, log: Path) -> None:
    jobs = parallel_jobs()
    minutes = max(1, round(CPU_MINUTES[build.accelerator] / jobs))
    say(
        f"building llama.cpp ({build.accelerator}) once, about {minutes}"
        f" minute{'s' * (minutes > 1)} on {jobs} core{'s' * (jobs > 1)};"
        f" cached in {_with_tilde(cache_root())}"
    )
    arguments = [*build.options, f"-DCMAKE_PROJECT_llama.cpp_INCLUDE={HOOK}"]
    env = {
        **os.environ,
        "CMAKE_ARGS": f"{shlex.join(arguments)} {build.extra}".strip(),
        "CMAKE_BUILD_PARALLEL_LEVEL": str(jobs),
        "CMAKE_GENERATOR": "Ninja",
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    with tempfile.TemporaryDirectory(dir=build.folder.parent) as scratch:
        out = Path(scratch, "out")
        seconds = run(
            [
                *(python, "-m", "pip", "wheel", "--verbose"),
                *("--no-deps", "--no-build-isolation", "--no-cache-dir"),
                *("--no-binary", PACKAGE, "--wheel-dir", out),
                f"{PACKAGE}=={build.version}",
            ],
            title="building llama.cpp",
            log=log,
            advice="Options for CMake can be given in WASINN_NB_CMAKE_ARGS (docs/backends.md).",
            env=env,
        )
        facts = {"version": build.version, "options": build.options, "extra": build.extra}
        Path(out, "build.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        shutil.rmtree(build.folder, ignore_errors=True)
        out.replace(build.folder)
    say(f"llama.cpp is built ({seconds:.0f} s)")


def parallel_jobs() -> int:
    """Compiler processes that fit: one for each CPU we may use, 1.5 GB of memory for each."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(cpus, int(memory / 1.5e9)))


def _with_tilde(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return f"~/{path.relative_to(Path.home())}"
    return str(path)
