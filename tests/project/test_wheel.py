"""What a user installs is complete, and holds nothing else."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

import wasinn_nb
from tests.distributions import build

STATIC = "wasinn_nb/notebook/widgets/static"
WIDGETS = ("config", "panel", "progress", "stream")
FRONT_END = {
    f"{STATIC}/loader.js",
    *(f"{STATIC}/{name}.{kind}" for name in WIDGETS for kind in ("css", "js")),
}


@pytest.fixture(scope="module")
def sdist(root, tmp_path_factory):
    """The unpacked source distribution."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(root, "sdist", folder)) as archive:
        archive.extractall(folder, filter="data")
    return folder / f"wasinn_nb-{wasinn_nb.__version__}"


@pytest.fixture(scope="module")
def names(wheel):
    return zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize(
    "name",
    [
        "wasinn_nb/__init__.py",
        "wasinn_nb/py.typed",
        "wasinn_nb/sdk/include/wasi_nn.h",
        "wasinn_nb/models/tinytales.gguf",
        *sorted(FRONT_END),
    ],
)
def test_wheel_contains_once(names, name):
    assert names.count(name) == 1


def test_wheel_is_for_every_platform(wheel):
    assert wheel.name == f"wasinn_nb-{wasinn_nb.__version__}-py3-none-any.whl"


def test_wheel_contains_every_file_of_the_package(names, root):
    package = root / "wasinn_nb"
    there = {
        str(path.relative_to(root))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there <= set(names)


def test_wheel_contains_only_the_package_and_its_metadata(names):
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"wasinn_nb", f"wasinn_nb-{wasinn_nb.__version__}.dist-info"}
    assert {name for name in names if name.startswith(STATIC)} == FRONT_END


@pytest.mark.parametrize(("kind", "most"), [("js", 40_000), ("css", 16_000)])
def test_front_end_is_small_and_complete_in_itself(wheel, kind, most):
    with zipfile.ZipFile(wheel) as archive:
        for name in (name for name in FRONT_END if name.endswith(kind)):
            text = archive.read(name).decode()
            assert 0 < len(text) < most, name
            assert "sourceMappingURL" not in text
            assert not re.search(r"\bimport\s*[\"'{*]|@import", text), name


def test_licence_travels_along(names):
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_source_distribution_can_be_worked_on_and_holds_nothing_installed(sdist):
    for name in ("frontend/package-lock.json", "frontend/src/panel.ts", "frontend/.npmrc"):
        assert (sdist / name).is_file()
    assert not list(sdist.rglob("node_modules"))


def test_wheel_from_a_source_distribution_is_the_same_and_needs_no_node(sdist, wheel, tmp_path):
    again = build(sdist, "wheel", tmp_path, path="")
    assert contents(again) == contents(wheel)


def contents(wheel):
    """The checksum of every file in it."""
    with zipfile.ZipFile(wheel) as archive:
        return {entry.filename: entry.CRC for entry in archive.infolist()}


def test_what_is_installed_finds_its_front_end(wheel, tmp_path):
    shutil.unpack_archive(wheel, tmp_path, "zip")
    code = (
        "import sys, wasinn_nb as wn\n"
        "assert wn.__file__.startswith(sys.argv[1]), wn.__file__\n"
        "panel = wn.ModelPanel()\n"
        "library = panel.get_manager_state()['state'][panel._library]['state']\n"
        "print(len(panel._esm), len(library['code']), len(library['style']))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    sizes = [int(size) for size in answer.stdout.split()]
    files = [tmp_path / STATIC / name for name in ("loader.js", "panel.js", "panel.css")]
    assert sizes == [len(file.read_text(encoding="utf-8")) for file in files]
