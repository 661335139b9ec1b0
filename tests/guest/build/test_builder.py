"""The builder: what is the same build, what is not, and what happens when things go wrong."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from wasinn_nb.guest import languages
from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.cache import ArtifactCache
from wasinn_nb.guest.build.errors import BuildError, ToolchainMissing, UnknownLanguage
from wasinn_nb.guest.build.model import BuiltModule, Source
from wasinn_nb.guest.build.paths import cache_root
from wasinn_nb.guest.languages import clang, ziglang
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled, WasinnError
from wasinn_nb.nn.locks import file_lock

MAIN = "int main(void) {\n  int unused;\n  return 0;\n}\n"


def test_an_unchanged_cell_is_not_built_again(builder, monkeypatch):
    first = builder.build(Source(MAIN, "c", label="In[7]"))
    assert not first.from_cache
    monkeypatch.setattr(ziglang, "zig", None)
    again = builder.build(Source(MAIN, "c", label="In[8]"))
    assert again.from_cache
    assert (again.wasm, again.key) == (first.wasm, first.key)
    assert first.warnings.startswith("In[7]:2:7: warning")
    assert again.warnings == first.warnings.replace("In[7]", "In[8]")


@pytest.mark.parametrize(
    "other",
    [
        Source(MAIN + " ", "wat"),
        Source(MAIN, "wat", first_line=2),
        Source(MAIN, "wat", flags=("-x",)),
        Source(MAIN, "wat", debug=True),
        Source(MAIN, "c"),
    ],
)
def test_everything_but_the_label_is_part_of_the_key(builder, other):
    def key(source: Source) -> str:
        return builder._key(source, *builder._resolve(source))

    assert key(Source(MAIN, "wat")) == key(Source(MAIN, "wat", label="In[9]"))
    assert key(Source(MAIN, "wat")) != key(other)


def test_a_changed_sdk_is_another_build(tmp_path):
    header = tmp_path / "sdk" / "include" / "wasi_nn.h"
    header.parent.mkdir(parents=True)
    builder = Builder(tmp_path / "cache", sdk_dir=tmp_path / "sdk")
    source = Source("(module)", "wat")
    header.write_text("one")
    builder.build(source)
    assert builder.build(source).from_cache
    header.write_text("other")
    assert not builder.build(source).from_cache


def test_an_alias_is_the_same_language(builder):
    builder.build(Source("(module)", "wat"))
    assert builder.build(Source("(module)", "WAST")).from_cache


def test_force_builds_again(builder):
    builder.build(Source("(module)", "wat"))
    assert not builder.build(Source("(module)", "wat"), force=True).from_cache


def test_the_user_s_headers_are_part_of_the_build(builder, tmp_path, monkeypatch, run):
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    header = tmp_path / "here" / "mine.h"
    source = Source('#include "mine.h"\nint main(void) { return CODE; }', "c")
    header.write_text("#define CODE 3\n")
    first = builder.build(source)
    assert run(first.wasm).trap == "exit 3"
    assert builder.build(source).from_cache
    header.write_text("#define CODE 4\n")
    second = builder.build(source)
    assert run(second.wasm).trap == "exit 4"
    assert second.key != first.key
    monkeypatch.chdir(tmp_path / "there")
    with pytest.raises(BuildError, match=r"'mine\.h' file not found"):
        builder.build(source)


def test_flags_mean_the_user_s_directory(builder, tmp_path, monkeypatch, run):
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "mine.h").write_text("#define CODE 9\n")
    monkeypatch.chdir(tmp_path)
    text = "#include <mine.h>\nint main(void) { return CODE; }"
    for flags in (("-Iinclude",), ("-I", "include"), ("-include", "include/mine.h", "-I.")):
        source = Source(text if "-I." not in flags else text.split("\n")[1], "c", flags=flags)
        assert run(builder.build(source).wasm).trap == "exit 9"
    (tmp_path / "include" / "mine.h").write_text("#define CODE 10\n")
    assert run(builder.build(source).wasm).trap == "exit 10"


def test_the_library_of_a_removed_installation_goes_away(builder, tmp_path, toolchain_dir):
    removed = tmp_path / "zig-0.1-0"
    removed.mkdir()
    (removed / "installation").write_text(str(tmp_path / "gone"))
    kept = tmp_path / "zig-0.1-1"
    kept.mkdir()
    (kept / "installation").write_text(str(tmp_path))
    ziglang._forget_removed(tmp_path)
    assert (removed.exists(), kept.exists()) == (False, True)
    assert ziglang.global_cache(ziglang.detect(), toolchain_dir).joinpath("installation").exists()


def test_files_that_flags_name_are_part_of_the_build(builder, tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    helper = tmp_path / "helper.c"
    source = Source("int code(void);\nint main(void) { return code(); }", "c", flags=("helper.c",))
    helper.write_text("int code(void) { return 5; }\n")
    assert run(builder.build(source).wasm).trap == "exit 5"
    helper.write_text("int code(void) { return 6; }\n")
    assert run(builder.build(source).wasm).trap == "exit 6"


def test_a_damaged_entry_is_built_again(builder):
    source = Source("(module)", "wat")
    first = builder.build(source)
    for path, _ in builder.artifacts._files():
        path.write_bytes(path.read_bytes()[:-3])
    again = builder.build(source)
    assert not again.from_cache
    assert again.wasm == first.wasm
    assert builder.build(source).from_cache


def test_a_full_disk_costs_the_cache_and_nothing_else(builder, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ArtifactCache, "_write", full)
    module = builder.build(Source("int main(void) { return 0; }", "c", label="In[1]"))
    assert module.wasm.startswith(b"\0asm")
    assert module.warnings == (
        "In[1]: warning: this build was not kept in the cache: No space left on device"
    )


def test_no_room_for_the_build_itself(builder, monkeypatch):
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(WasinnError, match="TMPDIR"):
        builder.build(Source("(module)", "wat"))


def test_the_build_s_directory_goes_away(builder, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    builder.build(Source(MAIN, "c"))
    with pytest.raises(BuildError):
        builder.build(Source("no", "c"))
    for thread in threading.enumerate():
        if thread.name == "wasinn-cleanup":
            thread.join()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_directories_with_odd_names(builder, tmp_path, toolchain_dir, monkeypatch, run):
    odd = tmp_path / "a [b] 'c' é $d"
    odd.mkdir()
    monkeypatch.chdir(odd)
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    (odd / "my header.h").write_text("#define CODE 7\n")
    builder = Builder(odd / "cache", toolchain_dir=toolchain_dir)
    source = Source('#include "my header.h"\nint main(void) { return CODE; }', "c")
    assert run(builder.build(source).wasm).trap == "exit 7"
    assert builder.build(source).from_cache
    (odd / "my header.h").write_text("#define CODE 8\n")
    assert run(builder.build(source).wasm).trap == "exit 8"


@pytest.mark.parametrize("text", ["\0", "\ud800", "int main(void) { return 0; } //\\", "é" * 9000])
def test_any_text_is_a_module_or_an_error(builder, text):
    for language in ("c", "wat"):
        with suppress(BuildError):
            assert builder.build(Source(text, language)).wasm


def test_an_unknown_language_says_which_there_are(builder):
    with pytest.raises(UnknownLanguage, match="Known are: c, cpp, zig, "):
        builder.build(Source("", "fortran"))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("gcc", "c"), ("g++", "cpp"), ("node", "js"), (" TS ", "assemblyscript"), ("zgi", "zig")],
)
def test_an_unknown_language_says_which_was_meant(builder, name, meant):
    if meant not in languages.NAMES:
        meant = "Known"
    with pytest.raises(UnknownLanguage, match=f"(Did you mean )?{meant}"):
        builder.build(Source("", name))


def test_a_missing_toolchain_says_what_to_install(builder, monkeypatch):
    monkeypatch.setattr(ziglang, "detect", lambda: None)
    monkeypatch.setattr(clang, "detect", lambda _: None)
    with pytest.raises(ToolchainMissing, match=r'pip install "wasinn-nb\[c\]"') as caught:
        builder.build(Source(MAIN, "c"))
    assert "\n" not in str(caught.value)
    status = {one.name: one for one in builder.languages()}
    assert (status["c"].toolchain, status["wat"].toolchain != "") == ("", True)
    assert 'pip install "wasinn-nb[c]"' in status["c"].install


def test_languages_are_listed(builder):
    status = {one.name: one for one in builder.languages()}
    assert tuple(status) == languages.NAMES
    assert status["c"].toolchain.startswith("zig ")
    assert all(bool(one.toolchain) is not bool(one.install) for one in status.values())
    assert all(status[name].ready for name in ("c", "cpp", "zig", "js", "wat"))


def _build(cache: str, toolchains: str) -> tuple[bool, str]:
    module = Builder(Path(cache), toolchain_dir=Path(toolchains)).build(Source(MAIN, "c"))
    return module.from_cache, hashlib.sha256(module.wasm).hexdigest()


def test_many_processes_build_once(tmp_path, toolchain_dir):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        built = pool.starmap(_build, [(str(tmp_path), str(toolchain_dir))] * 8, chunksize=1)
    assert sorted(from_cache for from_cache, _ in built) == [False] + [True] * 7
    assert len({digest for _, digest in built}) == 1


def test_many_threads_build_once(builder):
    built: list[BuiltModule] = []
    threads = [
        threading.Thread(target=lambda: built.append(builder.build(Source(MAIN, "c"))))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(module.from_cache for module in built) == [False] + [True] * 5


def test_a_first_build_tells_what_it_does_and_can_be_cancelled(tmp_path):
    """With an empty toolchain directory: the C library is begun, and given up at once."""
    builder = Builder(tmp_path)
    token = CancelToken()
    told: list[tuple[str, float | None]] = []

    def progress(message: str, seconds: float | None) -> None:
        told.append((message, seconds))
        if len(told) == 3:
            token.cancel()

    with pytest.raises(Cancelled):
        builder.build(Source(MAIN, "c"), progress=progress, cancel=token)
    assert {message for message, _ in told} == {"building the C library once"}
    seconds = [elapsed for _, elapsed in told]
    assert seconds == sorted(seconds)
    compilers = [one for one in psutil.Process().children(recursive=True) if "zig" in one.name()]
    assert [one for one in compilers if one.status() != psutil.STATUS_ZOMBIE] == []
    assert not any(one.ready for one in builder.languages() if one.name == "c")


@pytest.mark.skipif(os.name == "nt", reason="no symbolic links")
def test_only_one_builds_the_library_and_the_others_wait(tmp_path, toolchain_dir):
    """The library is there, its marker is not: who comes first goes, the second is told to wait."""
    library = ziglang.global_cache(ziglang.detect(), tmp_path)
    library.mkdir()
    for part in (toolchain_dir / library.name).iterdir():
        if part.is_dir():
            (library / part.name).symlink_to(part)
    builder = Builder(tmp_path / "cache", toolchain_dir=tmp_path)
    waited: list[str] = []
    with file_lock(library / "building.lock"):
        token = CancelToken()

        def progress(message: str, _: float | None) -> None:
            waited.append(message)
            token.cancel()

        with pytest.raises(Cancelled):
            builder.build(Source(MAIN, "c"), progress=progress, cancel=token)
    assert waited == ["building the C library once"]
    assert builder.build(Source(MAIN, "c")).wasm
    with file_lock(library / "building.lock"):
        assert builder.build(Source(MAIN + "//", "c")).wasm


def test_the_cache_directory_can_be_named(tmp_path, monkeypatch):
    monkeypatch.setenv("WASINN_NB_CACHE_DIR", str(tmp_path / "named"))
    assert cache_root() == tmp_path / "named"
    assert (tmp_path / "named").stat().st_mode & 0o077 == 0


def test_a_cache_directory_that_cannot_be_used(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("WASINN_NB_CACHE_DIR", str(tmp_path / "file" / "below"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    root = cache_root()
    assert root.parent == tmp_path / "tmp"
    assert cache_root() == root
    root.rename(tmp_path / "mine")
    root.symlink_to(tmp_path / "mine")
    assert cache_root() != root
