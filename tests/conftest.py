"""What every test can rely on: nothing in the user's home is touched, and no test is timed."""

import os
import shutil
import signal
from pathlib import Path, PurePosixPath

import hypothesis
import pytest
from xdist.scheduler.loadfile import LoadFileScheduling

from tests import distributions

hypothesis.settings.register_profile("project", deadline=None, print_blob=True)
hypothesis.settings.load_profile("project")

# a shell starts jobs in the background without it, and kernels inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Browser tests go first: they take longest, and what is left evens out among processes.

    In CI, where everything waits for everything, all get a second try, and the summary says so.
    """
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)
    if os.environ.get("CI"):
        for item in items:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter):
    """Which tests needed their second try, and why."""
    again = terminalreporter.stats.get("rerun", ())
    if again:
        terminalreporter.section("failed at the first try")
    for report in again:
        terminalreporter.write_line(f"{report.nodeid} ({report.when}, {report.duration:.0f} s)")
        terminalreporter.write_line(f"  {_reason(report.longrepr)[:400]}")


def _reason(longrepr):
    """The line of a test that failed, and with what."""
    crash = getattr(longrepr, "reprcrash", None)
    if crash is None:
        return " ".join(str(longrepr).split())
    places = [entry.reprfileloc for entry in longrepr.reprtraceback.reprentries]
    ours = [place for place in places if place and place.path.startswith("tests")]
    place = ours[-1] if ours else crash
    return f"{place.path}:{place.lineno}: {' '.join(crash.message.split())}"


class _Scheduling(LoadFileScheduling):
    """Tests of a file stay in one process, and so do those that share a JupyterLab."""

    def _split_scope(self, nodeid):
        file = PurePosixPath(super()._split_scope(nodeid))
        return str(file.parent if "browser" in file.parts else file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return _Scheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory):
    """Give Jupyter and IPython empty folders of their own, in this process and its kernels."""
    home = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(home / "ipython"))
        for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
            patch.setenv(f"JUPYTER_{name}", str(home / name.lower()))
        for name in ("SETTINGS_DIR", "WORKSPACES_DIR"):
            patch.setenv(f"JUPYTERLAB_{name}", str(home / name.lower()))
        yield


@pytest.fixture(scope="session")
def root():
    """The checkout."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def wheel(root, tmp_path_factory):
    """What users install, built from the checkout, or the one that WASINN_NB_WHEEL names."""
    if given := os.environ.get("WASINN_NB_WHEEL"):
        return Path(given)
    return distributions.build(root, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def chromium():
    """Path of a Chromium or Chrome; without one the test is skipped, or fails in CI."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    installed = (path for path in map(shutil.which, names) if path)
    found = os.environ.get("WASINN_NB_CHROMIUM") or next(installed, None)
    if found is None:
        reason = "no Chromium on PATH (Debian: apt-get install chromium, or set WASINN_NB_CHROMIUM)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found
