"""What the repository contains, and what it must not contain."""

import os
import re
import subprocess
import sys

import pytest

HOME = re.compile(r"(?<![\w.~-])/(?:root|Users|home)/\w+")
REGISTRIES = [
    f"{name}.{top}"
    for name, top in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("deb.debian", "org"),
        ("anaconda", "org"),
        ("proxy.golang", "org"),
    ]
]


@pytest.fixture(scope="module")
def texts(root):
    """Every text file of the checkout, by its path."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(listing, cwd=root, capture_output=True, check=False)
    if answer.returncode:
        pytest.skip("not a git checkout")
    found = {}
    for name in filter(None, answer.stdout.decode().split("\0")):
        try:
            found[name] = (root / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
    return found


def test_no_file_names_a_path_of_somebodys_machine(root, texts):
    here = re.compile(rf"(?<![\w.~-]){re.escape(str(root))}/")
    for pattern in (HOME, here):
        found = {name: pattern.search(text) for name, text in texts.items()}
        assert not {name: match[0] for name, match in found.items() if match}


def test_no_file_names_a_package_registry(texts):
    found = {(name, host) for name, text in texts.items() for host in REGISTRIES if host in text}
    assert not found


def test_nothing_large_is_committed(root, texts):
    assert "pyproject.toml" in texts
    large = {name for name, text in texts.items() if len(text) > 1_000_000}
    assert not large


def test_ruff_checks_every_python_file(root, texts):
    # a folder that is called build, say, is left out of its own accord
    ruff = [sys.executable, "-m", "ruff", "check", "--show-files", "."]
    answer = subprocess.run(ruff, cwd=root, capture_output=True, text=True, check=True)
    checked = {os.path.relpath(line, root) for line in answer.stdout.splitlines()}
    assert {name for name in texts if name.endswith(".py")} <= checked


def test_ci_runs_the_tests_without_a_keyboard(root):
    script = root / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.search(r"make test </dev/null$", script.read_text(), re.MULTILINE)


def test_every_documented_make_target_exists(root, texts):
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.MULTILINE))
    documents = {name: text for name, text in texts.items() if name.endswith((".md", ".ipynb"))}
    named = {
        (name, target)
        for name, text in documents.items()
        for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)
    }
    assert {"lab", "demo", "test"} <= {target for _, target in named}
    assert not {(name, target) for name, target in named if target not in targets}


def test_help_lists_every_target(root):
    answer = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    makefile = (root / "Makefile").read_text()
    listed = {line.split()[1] for line in answer.stdout.splitlines()}
    documented = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE))
    assert listed == documented >= {"setup", "lab", "demo", "test", "lint", "bench", "clean"}


def test_links_between_pages_lead_somewhere(root):
    # mkdocs checks those inside docs/
    for page in (root / "README.md", root / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
