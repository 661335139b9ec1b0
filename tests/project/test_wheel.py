"""What a user installs is complete, and holds nothing else."""

import subprocess
import sys
import zipfile

import pytest

import wasinn_nb


@pytest.fixture(scope="module")
def names(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=root,
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    assert wheel.name == f"wasinn_nb-{wasinn_nb.__version__}-py3-none-any.whl"
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.parametrize(
    "name",
    [
        "wasinn_nb/__init__.py",
        "wasinn_nb/py.typed",
        "wasinn_nb/sdk/include/wasi_nn.h",
        "wasinn_nb/models/tinytales.gguf",
    ],
)
def test_wheel_contains(names, name):
    assert name in names


def test_wheel_contains_every_file_of_the_package(names, root):
    package = root / "wasinn_nb"
    there = {
        str(path.relative_to(root))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there <= names


def test_wheel_contains_only_the_package_and_its_metadata(names):
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"wasinn_nb", f"wasinn_nb-{wasinn_nb.__version__}.dist-info"}


def test_licence_travels_along(names):
    assert any(name.endswith("licenses/LICENSE") for name in names)
