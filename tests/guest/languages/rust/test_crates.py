"""Rust cells with crates."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

import psutil
import pytest

from tests.support.rust import refused
from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.build.paths import cache_root
from wasinn_nb.guest.languages import rust_library, rustc
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled

ADVICE = "hint: crates that `cargo vendor` put beside the notebook are used without a network"


def crate(folder: Path, name: str, code: str, build_script: str = "") -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "lib.rs").write_text(code)
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{name}"\nversion = "1.2.3"\nedition = "2021"\n'
    )
    if build_script:
        (folder / "build.rs").write_text(build_script)
    return folder


@pytest.fixture
def toolchains(builder: Builder, tmp_path: Path, rust: rustc.Rust) -> Builder:
    """A builder whose crates are forgotten with the test; the library is the user's."""
    own = tmp_path / "toolchains"
    own.mkdir()
    builder.build(Source("fn main() {}", "rust"))
    place = rust_library.folder(rust, own)
    place.mkdir()
    for part in rust_library.folder(rust, cache_root()).iterdir():
        if part.name == "sysroot" or part.name.startswith("sdk-"):
            (place / part.name).symlink_to(part, target_is_directory=True)
    return Builder(tmp_path / "cache", toolchain_dir=own)


def test_a_crate_of_the_user_s(toolchains, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = crate(tmp_path / "two fold", "two-fold", "pub fn twice(x: i32) -> i32 {\n    2 * x\n}\n")
    text = (
        '// cargo: two-fold = { path = "two fold" }\n'
        'fn main() {\n    println!("{}", two_fold::twice(4));\n}\n'
    )
    source = Source(text, "rust", label="In[7]", first_line=2)
    module = toolchains.build(source)
    assert run(module.wasm).stdout == "8\n"
    assert os.fsencode(tmp_path) not in module.wasm
    assert toolchains.build(source).from_cache
    (made / "src" / "lib.rs").write_text("pub fn twice(x: i32) -> i32 {\n    x + x + 1\n}\n")
    assert run(toolchains.build(source).wasm).stdout == "9\n"

    wrong = Source(text.replace("twice", "twise"), "rust", label="In[7]", first_line=2)
    with pytest.raises(BuildError) as caught:
        toolchains.build(wrong)
    found = caught.value.diagnostics[0]
    assert (found.line, found.column) == (4, 30)
    assert any("`twice`" in note for note in found.notes)
    (made / "src" / "lib.rs").write_text("pub fn twice(x: i32) -> i32 {\n    y\n}\n")
    with pytest.raises(BuildError, match="cannot find value `y`"):
        toolchains.build(source)


def test_a_vendored_crate_needs_no_network(toolchains, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = crate(tmp_path / "vendor" / "three", "three", "pub const THREE: i32 = 3;\n")
    checksum = {"files": {}, "package": hashlib.sha256(b"").hexdigest()}
    (place / ".cargo-checksum.json").write_text(json.dumps(checksum))
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo" / "config.toml").write_text(
        '[source.crates-io]\nreplace-with = "beside"\n[source.beside]\ndirectory = "vendor"\n'
    )
    text = '// cargo: three = "1"\nfn main() {\n    println!("{}", three::THREE);\n}\n'
    assert run(toolchains.build(Source(text, "rust")).wasm).stdout == "3\n"
    with pytest.raises(BuildError) as caught:
        toolchains.build(Source(text.replace('"1"', '"2"'), "rust", label="In[1]"))
    assert (caught.value.diagnostics[0].line, caught.value.diagnostics[0].column) == (1, 11)
    assert "`three = " in str(caught.value)


def test_without_a_network_it_is_said_which_crate_is_missing(toolchains, tmp_path, monkeypatch):
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    for name in ("CARGO_HTTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    text = '\n  // cargo: serde_json = "1"\nfn main() {}\n'
    with pytest.raises(BuildError) as caught:
        toolchains.build(Source(text, "rust", label="In[7]", first_line=2))
    (found,) = caught.value.diagnostics
    assert (found.line, found.column) == (3, 13)
    assert found.message.startswith("the crate serde_json is not on this machine")
    assert ADVICE in found.notes


@pytest.mark.parametrize("line", ["serde_json 1", "= 3", "", "serde_json = 1", "[package]"])
def test_a_cargo_line_that_is_none(build, line):
    found = refused(build, f"fn main() {{}}\n// cargo: {line}\n").diagnostics[0]
    assert (found.line, found.column) == (3, 11)
    assert "is no line of a [dependencies] table" in found.message


def test_crates_without_cargo(build, monkeypatch):
    monkeypatch.setattr(rustc, "_last", rustc._Search())
    monkeypatch.setenv("CARGO", "no-such-program")
    found = refused(build, "// cargo: serde\nfn main() {}\n").diagnostics[0]
    assert found.line == 2
    assert "cargo" in found.message
    assert "apt install cargo" in found.notes[0]


def test_a_cancelled_build_leaves_no_process(toolchains, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    started = tmp_path / "started"
    wait = f"fn main() {{ std::fs::write({str(started)!r}, []).unwrap(); loop {{}} }}"
    crate(tmp_path / "slow", "slow", "", wait.replace("'", '"'))
    token = CancelToken()

    def progress(_message: str, _seconds: float | None) -> None:
        if started.exists():
            token.cancel()

    text = '// cargo: slow = { path = "slow" }\nfn main() {}\n'
    with pytest.raises(Cancelled):
        toolchains.build(Source(text, "rust"), progress=progress, cancel=token)
    deadline = time.monotonic() + 20
    while any("build-script" in one.name() for one in psutil.Process().children(recursive=True)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
