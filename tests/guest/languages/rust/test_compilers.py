"""Which Rust of a machine is taken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from wasinn_nb.guest.languages import rustc


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Rust: nothing is found but what the test puts there."""
    monkeypatch.setattr(rustc, "_last", rustc._Search())
    monkeypatch.setattr(rustc, "_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(rustc, "_USUAL", ())
    monkeypatch.setattr(rustc.ziglang, "detect", lambda: None)
    for name in ("RUSTC", "CARGO", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for tool in ("sh", "cat", "touch"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def compiler(
    folder: Path,
    sysroot: Path,
    *,
    target: str = "",
    links: str = "rust-lld",
    version: str = "1.90.0",
) -> Path:
    """A program that answers like rustc; ``links`` names the linker that it gets along with."""
    folder.mkdir(parents=True, exist_ok=True)
    if target:
        library = sysroot / "lib" / "rustlib" / target / "lib"
        library.mkdir(parents=True, exist_ok=True)
        (library / "libcore-0123.rlib").touch()
    script = folder / "rustc"
    script.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f'  "-vV") printf "rustc {version}\\nhost: x86_64-pc\\nrelease: {version}\\n'
        'LLVM version: 20.1\\n";;\n'
        f'  "--print sysroot") echo "{sysroot}";;\n'
        f'  "--print target-libdir --target "*) echo "{sysroot}/lib/rustlib/${{4}}/lib";;\n'
        f'  *linker=*{links}*" -o "*) while [ "$1" != -o ]; do shift; done; touch "$2";;\n'
        "  *) exit 1;;\n"
        "esac\n"
    )
    script.chmod(0o755)
    return script


def lld(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch(mode=0o755)
    return folder / name


def test_no_rust_at_all(machine):
    assert rustc.detect() is None
    assert "https://rustup.rs" in rustc.install()
    assert "rustup target add wasm32-wasip1" in rustc.install()


def test_rustup_s_toolchain_with_its_own_linker(machine):
    toolchain = machine / "home" / ".rustup" / "toolchains" / "stable-x86_64-pc"
    compiler(toolchain / "bin", toolchain, target="wasm32-wasip1")
    own = lld(toolchain / "lib" / "rustlib" / "x86_64-pc" / "bin", "rust-lld")
    lld(toolchain / "bin", "cargo")
    proxies = machine / "home" / ".cargo" / "bin"
    compiler(proxies, toolchain)
    lld(proxies, "rustup")
    found = rustc.detect()
    assert found is not None
    assert found.path == toolchain / "bin" / "rustc"
    assert found.linker == (str(own),)
    assert found.cargo == toolchain / "bin" / "cargo"
    assert (found.version, found.target) == ("1.90.0", "wasm32-wasip1")


def test_rustup_without_the_target_says_how_to_add_it(machine):
    toolchain = machine / "toolchain"
    compiler(machine / "bin", toolchain)
    lld(machine / "bin", "rustup")
    assert rustc.detect() is None
    assert rustc.install().startswith("rustup target add wasm32-wasip1 (")
    # and it is found as soon as that is done
    compiler(machine / "bin", toolchain, target="wasm32-wasip1", links="wasm-ld")
    lld(machine / "bin", "wasm-ld")
    assert rustc.detect() is not None


def test_the_next_compiler_is_taken_where_the_first_has_no_target(machine, monkeypatch):
    compiler(machine / "bin", machine / "first")
    other = compiler(machine / "other", machine / "usr", target="wasm32-wasi", links="wasm-ld-20")
    lld(machine / "bin", "wasm-ld-19")
    linker = lld(machine / "bin", "wasm-ld-20")
    monkeypatch.setenv("PATH", f"{machine / 'bin'}:{machine / 'other'}")
    found = rustc.detect()
    assert found is not None
    assert (found.path, found.target) == (other, "wasm32-wasi")
    assert found.linker == (str(linker),)


def test_what_rustc_names_is_taken_or_told_to_lack_something(machine, monkeypatch):
    compiler(machine / "bin", machine / "first", target="wasm32-wasip1", links="wasm-ld")
    lld(machine / "bin", "wasm-ld")
    named = compiler(machine / "named", machine / "second")
    monkeypatch.setenv("RUSTC", str(named))
    assert rustc.detect() is None
    assert f"RUSTC names {named}" in rustc.install()
    monkeypatch.setenv("RUSTC", str(machine / "nothing"))
    assert rustc.detect() is None
    monkeypatch.delenv("RUSTC")
    assert rustc.detect() is not None


def test_a_linker_that_does_not_understand_the_library_is_not_taken(machine):
    compiler(machine / "bin", machine / "first", target="wasm32-wasip1", links="wasm-ld-20")
    lld(machine / "bin", "wasm-ld")
    assert rustc.detect() is None
    assert "apt install lld-20" in rustc.install()


def test_what_was_found_is_not_searched_for_again(rust, monkeypatch):
    found = rustc.detect()
    monkeypatch.setattr(rustc, "_search", lambda: pytest.fail("it searches"))
    assert rustc.detect() is found
