"""What a user installs is complete, and holds nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

import jsonschema
import pytest

import wasinn_nb
from scripts.setup.frontend import LAB_EXTENSION
from tests.distributions import build, replicate

STATIC = "wasinn_nb/notebook/widgets/static"
JAVASCRIPT = "wasinn_nb/guest/languages/javascript.wasm"
PYTHON = "wasinn_nb/guest/languages/python.wasm.xz"
WIDGETS = ("config", "panel", "progress", "stream")
FRONT_END = {
    f"{STATIC}/loader.js",
    *(f"{STATIC}/{name}.{kind}" for name in WIDGETS for kind in ("css", "js")),
}
DATA = f"wasinn_nb-{wasinn_nb.__version__}.data/data"
EXTENSION = f"{DATA}/share/jupyter/labextensions/wasinn-nb"
SHARED = ("@jupyter/", "@jupyterlab/", "@lumino/", "react", "yjs")


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
        JAVASCRIPT,
        PYTHON,
        "wasinn_nb/wit/wasinn-script.wit",
        *sorted(FRONT_END),
        f"{EXTENSION}/install.json",
        f"{EXTENSION}/package.json",
        f"{EXTENSION}/schemas/wasinn-nb/plugin.json",
        f"{EXTENSION}/static/style.js",
        f"{EXTENSION}/static/third-party-licenses.json",
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
    # the extension is where JupyterLab looks for it, and only there
    assert {name.replace(LAB_EXTENSION, EXTENSION) for name in there} <= set(names)


def test_wheel_contains_only_the_package_and_its_metadata(names):
    tops = {name.partition("/")[0] for name in names}
    project = f"wasinn_nb-{wasinn_nb.__version__}"
    assert tops == {"wasinn_nb", f"{project}.dist-info", f"{project}.data"}
    assert {name for name in names if name.startswith(f"{project}.data")} == {
        name for name in names if name.startswith(f"{EXTENSION}/")
    }
    assert not [name for name in names if name.startswith(LAB_EXTENSION)]
    assert {name for name in names if name.startswith(STATIC)} == FRONT_END


@pytest.mark.parametrize(("kind", "most"), [("js", 40_000), ("css", 16_000)])
def test_front_end_is_small_and_complete_in_itself(wheel, kind, most):
    with zipfile.ZipFile(wheel) as archive:
        for name in (name for name in FRONT_END if name.endswith(kind)):
            text = archive.read(name).decode()
            assert 0 < len(text) < most, name
            assert "sourceMappingURL" not in text
            assert not re.search(r"\bimport\s*[\"'{*]|@import", text), name


@pytest.fixture(scope="module")
def extension(wheel):
    """The files of the JupyterLab extension by their names."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name.removeprefix(f"{EXTENSION}/"): archive.read(name).decode()
            for name in archive.namelist()
            if name.startswith(EXTENSION)
        }


def test_extension_is_small_and_for_production(extension):
    assert sum(len(text.encode()) for text in extension.values()) <= 300_000
    assert not [name for name in extension if name.endswith(".map")]
    for name, text in extension.items():
        assert not re.search(r"//[#@] sourceMappingURL=", text), name
        assert "eval(" not in text, name  # what a build for debugging is made of


def test_extension_says_where_it_starts_and_has_the_version_of_the_package(extension):
    package = json.loads(extension["package.json"])
    assert package["jupyterlab"]["_build"]["load"] in extension
    assert package["version"] == wasinn_nb.__version__


def test_extension_holds_no_copy_of_what_jupyterlab_shares(extension, root):
    core = root / "node_modules" / "@jupyterlab" / "core-meta" / "core.package.json"
    shared = json.loads(core.read_text(encoding="utf-8"))["jupyterlab"]["singletonPackages"]
    assert "@codemirror/state" in shared
    notices = json.loads(extension["static/third-party-licenses.json"])["packages"]
    bundled = {notice["name"] for notice in notices}
    assert bundled
    assert not bundled & set(shared)
    assert not [name for name in bundled if name.startswith(SHARED)]


def test_licences_of_what_is_bundled_travel_along(extension):
    for notice in json.loads(extension["static/third-party-licenses.json"])["packages"]:
        assert notice["licenseId"], notice["name"]
        assert notice["extractedText"].strip(), notice["name"]


def test_settings_are_as_jupyterlab_asks(extension, root):
    place = root / "node_modules" / "@jupyterlab" / "settingregistry" / "lib"
    meta = json.loads((place / "plugin-schema.json").read_text(encoding="utf-8"))
    schemas = [text for name, text in extension.items() if re.match(r"schemas/.*[^l]\.json$", name)]
    assert schemas
    for schema in map(json.loads, schemas):
        jsonschema.validate(schema, meta, jsonschema.Draft7Validator)
        for name, setting in schema.get("properties", {}).items():
            assert setting["title"], name
            jsonschema.validate(setting["default"], setting, jsonschema.Draft7Validator)


def test_works_of_others_are_named_with_their_licences(wheel, names):
    (notices,) = (name for name in names if name.endswith("licenses/THIRD_PARTY_NOTICES.md"))
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(notices).decode()
    for name in (name for name in names if re.search(r"\.(wasm|a|so)(\.xz)?$", name)):
        # the adapters' sources are ours, and beside them
        assert name.startswith("wasinn_nb/guest/adapters/") or f"`{name}`" in text, name


def test_licence_travels_along(names):
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_source_distribution_can_be_worked_on_and_holds_nothing_installed(sdist):
    for name in ("package-lock.json", ".npmrc", "frontend/src/panel.ts", "labextension/build.mjs"):
        assert (sdist / name).is_file()
    assert not list(sdist.rglob("node_modules"))


def test_wheel_from_a_source_distribution_is_the_same_and_needs_no_node(sdist, wheel, tmp_path):
    again = build(sdist, "wheel", tmp_path, path="")
    assert contents(again) == contents(wheel)


def test_another_checkout_builds_the_same_bytes(sdist, wheel, root, tmp_path):
    place = tmp_path / "another" / "checkout"
    shutil.copytree(sdist, place)
    (place / "PKG-INFO").unlink()
    for built in (LAB_EXTENSION, STATIC):
        shutil.rmtree(place / built)
    (place / JAVASCRIPT).unlink()  # what runs Python takes half a minute, and stays
    replicate(root / "node_modules", place / "node_modules")
    again = contents(build(place, "wheel", tmp_path))
    # QuickJS's state at the start has seeds in it, and so has the list of checksums
    for name in (JAVASCRIPT, f"wasinn_nb-{wasinn_nb.__version__}.dist-info/RECORD"):
        assert again.pop(name)
    assert again == {name: sum_ for name, sum_ in contents(wheel).items() if name in again}
    assert len(again) == len(contents(wheel)) - 2


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
