"""Open JupyterLab at the quickstart notebook, or say where to open it when there is no display."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = "notebooks/01_quickstart.ipynb"
CONFIG = ROOT / "scripts" / "jupyter"
"""Jupyter configuration beside the user's own: no question about news before the first cell."""
START_LIMIT_S = 60.0


def main() -> int:
    """Run the server until Ctrl-C. Returns its exit status."""
    port, token = free_port(), secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}"),
        *("--ip=127.0.0.1", "--ServerApp.port_retries=0", "--ServerApp.answer_yes=True"),
        *("--Application.log_level=WARN", f"--ServerApp.root_dir={ROOT}"),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *sys.argv[1:],
    ]
    if os.geteuid() == 0:
        command.append("--allow-root")
    configs = [str(CONFIG), os.environ.get("JUPYTER_CONFIG_PATH")]
    env = {
        **os.environ,
        "JUPYTER_TOKEN": token,  # not in argv, where every user could read it
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, configs)),
    }
    server = subprocess.Popen(command, env=env)
    try:
        base = f"http://127.0.0.1:{port}"
        if not wait_until_up(f"{base}/api", server):
            print("lab: the server did not start; its messages are above", file=sys.stderr)
            server.terminate()
            return server.wait() or 1
        url = f"{base}/lab/tree/{NOTEBOOK}?token={token}"
        opened = has_display() and webbrowser.open(url)
        print(f"\nJupyterLab {'is open at' if opened else 'runs; open'}\n\n    {url}\n")
        print("Ctrl-C ends it.", flush=True)
        return server.wait()
    except KeyboardInterrupt:  # the server got the same signal and ends by itself
        with contextlib.suppress(KeyboardInterrupt):
            return server.wait()
        server.kill()
        return 130


def has_display() -> bool:
    """Whether a browser window could appear."""
    if sys.platform == "darwin":
        return True
    graphical = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return graphical or shutil.which("wslview") is not None


def free_port(first: int = 8888) -> int:
    """The first free TCP port on loopback from `first` on, Jupyter's usual one."""
    for port in range(first, first + 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"no free port from {first} to {first + 99}")


def wait_until_up(url: str, server: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers at all; False when it ended or took too long."""
    deadline = time.monotonic() + START_LIMIT_S
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            with contextlib.suppress(urllib.error.HTTPError):  # a refusal is an answer too
                urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  (loopback)
            return True
        time.sleep(0.1)
    return False


if __name__ == "__main__":
    sys.exit(main())
