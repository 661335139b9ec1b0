"""Shells and kernels with the extension, over a small backend that needs no model library."""

from __future__ import annotations

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import wasinn_nb
from tests.notebook.kernels import REPOSITORY, SETUP, VERSIONS, Kernel, ipykernel_path
from tests.support import toolchains
from tests.support.echo_backend import EchoBackend
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.sources import SourceResolver

STORY = "a cat sat on the mat and then it went home ."


@pytest.fixture(scope="session")
def toolchain_dir():
    """The user's own cache, with the C library in it, which takes half a minute to build."""
    return toolchains.libraries_there("c")


class Shell(InteractiveShell):
    """An IPython whose cells raise, and that keeps what they display."""

    display_pub_class = CapturingDisplayPublisher

    def run(self, code):
        """The value of a cell; raises what it raises."""
        result = self.run_cell(code, store_history=True)
        result.raise_error()
        return result.result

    @property
    def shown(self):
        """text/plain of what was displayed since the last look."""
        taken = [output["data"].get("text/plain", "") for output in self.display_pub.outputs]
        self.display_pub.outputs.clear()
        return taken


@pytest.fixture
def bare_shell(tmp_path, monkeypatch):
    """A shell without the extension."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryAccessor.enabled = False
    config.WasinnMagics.warm_up = False
    InteractiveShell.clear_instance()
    shell = Shell.instance(config=config)
    yield shell
    wasinn_nb.unload_ipython_extension(shell)
    Shell.clear_instance()


@pytest.fixture
def backend():
    return EchoBackend()


@pytest.fixture
def own_host():
    """A host beside this process's, with all backends."""
    host = wasinn_nb.Host()
    yield host
    host.close()


@pytest.fixture
def story(own_host):
    """The same with a language model."""
    own_host.load("story", "builtin:tinytales")
    return own_host


@pytest.fixture
def host(tmp_path, backend):
    """This process's host with the echo backend; closed afterwards."""
    host = wasinn_nb.host()
    resolver = SourceResolver(cache_dir=tmp_path, builtin=lambda name: tmp_path / name)
    host.registry = ModelRegistry({"echo": backend}, resolver, bus=host.bus)
    host.__dict__.pop("runner", None)
    yield host
    host.close()
    for part in ("registry", "runner"):
        host.__dict__.pop(part, None)


@pytest.fixture
def shell(bare_shell, host, toolchain_dir):
    """A shell with the extension over the echo host."""
    bare_shell.run("%load_ext wasinn_nb")
    return bare_shell


@pytest.fixture
def model(tmp_path):
    """The path of a model that tells STORY."""
    path = tmp_path / "story.echo"
    path.write_text(f"ECHO {STORY}")
    return path


@pytest.fixture(scope="module", params=VERSIONS)
def kernel(request, tmp_path_factory, toolchain_dir):
    """A kernel with the extension loaded and an endless, slow model at hand as ``slow.echo``."""
    version = request.param
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "story.echo").write_text(f"ECHO {STORY}")
    (folder / "slow.echo").write_text("ECHO " + "word " * 5000)
    path = [] if version == "newest" else [ipykernel_path(version)]
    kernel = Kernel(folder, path)
    try:
        ready = kernel.run(SETUP.format(repository=str(REPOSITORY), folder=str(folder)))
        assert ready.reply["status"] == "ok", ready.traceback
        kernel.version = (
            kernel.run("import ipykernel; print(ipykernel.__version__)").stream().strip()
        )
        assert version in ("newest", kernel.version)
        yield kernel
    finally:
        kernel.close()
