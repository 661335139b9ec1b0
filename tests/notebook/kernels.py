"""Real kernels, driven over their protocol as a front end does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

REPOSITORY = Path(__file__).parents[2]
VERSIONS = ("newest", "7.3.0", "6.31.0")
"""Of ipykernel: each brings clicks to a running cell in another way, the last not at all."""

PATIENCE = 60.0

SETUP = """
import sys
sys.path.insert(0, {repository!r})
%load_ext wasinn_nb
%config WasinnMagics.warm_up = False
import wasinn_nb
from pathlib import Path
from tests.support.echo_backend import EchoBackend
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.sources import SourceResolver
resolver = SourceResolver(cache_dir=Path({folder!r}), builtin=Path)
host = wasinn_nb.host()
host.registry = ModelRegistry({{"echo": EchoBackend()}}, resolver, bus=host.bus)
"""


class Cell:
    """What came of one execute request."""

    def __init__(self, kernel, msg_id, reply=None):
        self._kernel = kernel
        self.msg_id = msg_id
        self.reply = reply

    @property
    def messages(self):
        """Everything whose parent is this cell, also what came after it was idle."""
        return self._kernel.by_parent.get(self.msg_id, [])

    def of_type(self, kind):
        return [message["content"] for message in self.messages if message["msg_type"] == kind]

    def stream(self, name="stdout"):
        return "".join(c["text"] for c in self.of_type("stream") if c["name"] == name)

    @property
    def shown(self):
        """text/plain of everything displayed, and of the result."""
        found = self.of_type("display_data") + self.of_type("execute_result")
        return [content["data"].get("text/plain", "") for content in found]

    @property
    def slots(self):
        """text/plain of everything displayed, as it was updated last."""
        now = {}
        for number, content in enumerate(self.of_type("display_data")):
            now[content["transient"].get("display_id", number)] = content["data"]["text/plain"]
        # an update finds its display whatever its parent is
        for messages in self._kernel.by_parent.values():
            for message in messages:
                if message["msg_type"] == "update_display_data":
                    content = message["content"]
                    display = content["transient"]["display_id"]
                    if display in now:
                        now[display] = content["data"]["text/plain"]
        return list(now.values())

    @property
    def streamed(self):
        """The text that live views were sent."""
        messages = [content["data"].get("content") or {} for content in self.of_type("comm_msg")]
        return "".join(m["text"] for m in messages if m.get("kind") == "frame")

    @property
    def seen(self):
        """All text that a user sees at the end: what was printed and what slots hold."""
        return "\n".join([self.stream(), *self.slots])

    @property
    def error(self):
        return self.reply["ename"] if self.reply["status"] == "error" else ""

    @property
    def traceback(self):
        return "\n".join(self.reply["traceback"])


class Kernel:
    """A kernel process with one client."""

    def __init__(self, folder, path=()):
        argv = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher"]
        argv += ["-f", "{connection_file}"]
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(argv=argv, display_name="test", language="python")
        places = [*map(str, path), os.environ.get("PYTHONPATH", "")]
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, places)),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        }
        (folder / "runtime").mkdir(exist_ok=True)
        self.manager.start_kernel(env=env, cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)
        info = self.client.kernel_info(reply=True, timeout=PATIENCE)["content"]
        self.supported_features = info.get("supported_features", [])
        self.by_parent = {}
        self.heard = []
        self.idle = set()
        self.hangs = False

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def begin(self, code, cell_id=None):
        """Send a cell and do not wait for it; JupyterLab says which cell it is."""
        assert not self.hangs, "the kernel hangs since an earlier test"
        if cell_id is None:
            return Cell(self, self.client.execute(code))
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": True}
        metadata = {"cellId": cell_id, "trusted": True}
        request = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(request)
        return Cell(self, request["header"]["msg_id"])

    def run(self, code, cell_id=None):
        """Run a cell to its end."""
        return self.end(self.begin(code, cell_id))

    def end(self, cell):
        """Wait until a cell's reply and idle status are there."""
        while cell.reply is None:
            self.hangs = True
            reply = self.client.get_shell_msg(timeout=PATIENCE)
            self.hangs = False
            if reply["parent_header"].get("msg_id") == cell.msg_id:
                cell.reply = reply["content"]
        self.until(lambda: cell.msg_id in self.idle)
        return cell

    def until(self, condition, patience=PATIENCE):
        """Read messages until something holds."""
        limit = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < limit, "it did not happen"
            self.read()

    def read(self, timeout=0.2):
        """Take one message of iopub, if there is one."""
        try:
            message = self.client.get_iopub_msg(timeout=timeout)
        except Exception as nothing:
            if type(nothing).__name__ == "Empty":
                return
            raise
        parent = message["parent_header"].get("msg_id")
        self.by_parent.setdefault(parent, []).append(message)
        self.heard.append(message)
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            self.idle.add(parent)

    def subshell(self):
        """The id of a new subshell, as a front end asks for one; None where there are none."""
        if "kernel subshells" not in self.supported_features:
            return None
        request = self.client.session.msg("create_subshell_request")
        self.client.control_channel.send(request)
        return self.client.get_control_msg(timeout=PATIENCE)["content"]["subshell_id"]

    def say(self, comm_id, content, subshell=None):
        """Send a custom message of a widget's view."""
        self.send(comm_id, {"method": "custom", "content": content}, subshell)

    def send(self, comm_id, data, subshell=None):
        """Send a message on a comm."""
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    def ask(self, kind, **content):
        """The reply to a request that no cell runs for."""
        request = self.client.session.msg(f"{kind}_request", content)
        self.client.shell_channel.send(request)
        while True:
            reply = self.client.get_shell_msg(timeout=PATIENCE)
            if reply["parent_header"]["msg_id"] == request["header"]["msg_id"]:
                return reply["content"]

    def interrupt(self):
        self.manager.interrupt_kernel()


def ipykernel_path(version):
    """A directory with that ipykernel alone, to be put before the environment's own."""
    place = Path(sys.prefix) / f"ipykernel-{version}"
    if not (place / "ipykernel").is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--target", str(place), f"ipykernel=={version}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            warnings.warn(f"ipykernel {version} is not tested: {done.stderr}", stacklevel=1)
            pytest.skip(f"ipykernel {version} cannot be installed")
    return place
