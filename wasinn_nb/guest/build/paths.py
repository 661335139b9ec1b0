"""Where builds are kept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

ENVIRONMENT = "WASINN_NB_CACHE_DIR"


def cache_root() -> Path:
    """The directory that all kernels of this user share, made when missing.

    ``WASINN_NB_CACHE_DIR``, else ``wasinn-nb`` in the user's cache directory. Where that cannot be
    written (a read-only home), a private directory below the system's temporary one.
    """
    import platformdirs

    named = os.environ.get(ENVIRONMENT)
    wanted = (
        Path(named).expanduser().absolute()
        if named
        else platformdirs.user_cache_path("wasinn-nb", appauthor=False)
    )
    return wanted if _usable(wanted) else _temporary()


def _usable(path: Path) -> bool:
    try:
        # Native code is loaded from here, so nobody else may write to it.
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return False
    return os.access(path, os.W_OK | os.X_OK)


def _temporary() -> Path:
    owner = str(os.getuid()) if hasattr(os, "getuid") else "user"
    path = Path(tempfile.gettempdir()) / f"wasinn-nb-{owner}"
    if _usable(path) and _is_ours(path):
        return path
    return Path(tempfile.mkdtemp(prefix="wasinn-nb-"))


def _is_ours(path: Path) -> bool:
    """A real directory of this user that nobody else can write to: /tmp is everybody's."""
    if not hasattr(os, "getuid"):
        return True
    found = path.lstat()
    return not path.is_symlink() and found.st_uid == os.getuid() and not found.st_mode & 0o022
