"""Exact versions, stated once."""

import importlib.metadata
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import wasinn_nb


@pytest.fixture(scope="module")
def settings(root):
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def project(settings):
    return settings["project"]


@pytest.fixture(scope="module")
def pins(root):
    lines = (root / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_constraints_are_exact_versions_of_plain_names(root):
    lines = (root / "constraints.txt").read_text().splitlines()
    entries = [line for line in lines if not line.startswith("#")]
    assert len(entries) > 100
    for line in entries:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.+]*", line), line


def test_every_requirement_is_pinned_within_its_range(settings, project, pins):
    groups = {**project["optional-dependencies"], **settings["dependency-groups"]}.values()
    lines = [*project["dependencies"], *settings["build-system"]["requires"]]
    for requirement in map(Requirement, [*lines, *(line for group in groups for line in group)]):
        name = canonicalize_name(requirement.name)
        if name == "wasinn-nb":
            continue
        assert name in pins, name
        assert requirement.specifier.contains(pins[name]), requirement


def test_environment_has_the_pinned_versions(pins):
    installed = {
        canonicalize_name(d.metadata["Name"]): d.version for d in importlib.metadata.distributions()
    }
    differing = {
        name: (installed[name], pin)
        for name, pin in pins.items()
        if name in installed and Version(installed[name]) != Version(pin)
    }
    assert not differing


def test_installed_metadata_has_the_version_of_the_package():
    assert importlib.metadata.version("wasinn-nb") == wasinn_nb.__version__


def test_version_is_stated_in_one_place(root, project):
    assert "version" in project["dynamic"]
    source = (root / "wasinn_nb" / "__init__.py").read_text()
    assert re.findall(r'^__version__ = "(.+)"$', source, re.MULTILINE) == [wasinn_nb.__version__]


def test_oldest_python_is_the_same_everywhere(root, project):
    settings = tomllib.loads((root / "pyproject.toml").read_text())["tool"]
    minimum = project["requires-python"].removeprefix(">=")
    assert settings["mypy"]["python_version"] == minimum
    assert settings["ruff"]["target-version"] == "py" + minimum.replace(".", "")
    setup = (root / "scripts" / "setup" / "__main__.py").read_text()
    assert f"MINIMUM = ({minimum.replace('.', ', ')})" in setup
