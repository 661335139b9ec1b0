"""Builds guests, each once: the same content is never compiled twice on one machine."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from wasinn_nb.guest import languages
from wasinn_nb.guest.build import entries, packaging, paths
from wasinn_nb.guest.build.cache import DEFAULT_LIMIT, ArtifactCache
from wasinn_nb.guest.build.errors import BuildError, ToolchainMissing, UnknownLanguage
from wasinn_nb.guest.build.model import BuiltModule, Diagnostic, Source
from wasinn_nb.guest.build.relabel import relabel
from wasinn_nb.guest.build.render import render
from wasinn_nb.guest.build.sdk import Sdk
from wasinn_nb.guest.build.warm import WarmUp
from wasinn_nb.guest.languages import brackets
from wasinn_nb.guest.languages.base import (
    Compiled,
    CompileFailed,
    Language,
    Progress,
    ScriptLanguage,
    Toolchain,
    Workspace,
    throttled,
)
from wasinn_nb.guest.precompile import precompile
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import WasinnError
from wasinn_nb.sdk import include_dir

# Part of every key: raise it when the same input is to give another module.
_FORMAT = 3
_KIND = "module"
# Text that may reach files below the user's working directory.
_LOCAL_FILES = re.compile(
    r'^\s*#\s*(?:include|include_next|embed|import)\s*"|__has_'  # C, C++
    r"|^\s*(?:pub\b.*)?\bmod\s+\w+\s*;|\binclude(?:_str|_bytes)?!|//\s*cargo:"  # Rust
    r'|^\s*(?:import\s+)?(?:[\w.]+\s+)?"(?!wasinn/)[\w.~-]+(?:/[\w.~-]+)+"\s*$'  # Go
    r"""|\bfrom\s+["'](?!wasi_nn["'])""",  # AssemblyScript
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class LanguageStatus:
    """What ``doctor`` says of a language.

    Attributes:
        name: canonical name.
        toolchain: ``"zig 0.17.1"``, or an empty string when none was found.
        ready: nothing is left that a first build would have to make.
        install: one line that says what to install; empty when it is.
    """

    name: str
    toolchain: str
    ready: bool
    install: str


class Builder:
    """Turns a :class:`Source` into a :class:`BuiltModule`. One serves a whole process; thread-safe.

    Args:
        cache_dir: where everything is kept; by default the user's cache (:func:`paths.cache_root`).
        toolchain_dir: where toolchains keep their C libraries; by default in ``cache_dir``.
        cache_limit: bytes that the store may use; the C libraries (75 MB) are not counted.
        sdk_dir: the guest SDK, by default the package's.
    """

    def __init__(
        self,
        cache_dir: Path | None = None,
        *,
        toolchain_dir: Path | None = None,
        cache_limit: int = DEFAULT_LIMIT,
        sdk_dir: Path | None = None,
    ) -> None:
        root = paths.cache_root() if cache_dir is None else cache_dir
        self.artifacts = ArtifactCache(root / "artifacts", cache_limit)
        self._toolchains = root if toolchain_dir is None else toolchain_dir
        self._sdk = Sdk(sdk_dir or include_dir().parent)

    def build(
        self,
        source: Source,
        *,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
        force: bool = False,
    ) -> BuiltModule:
        """Build ``source``, or take it from the cache.

        Args:
            source: what to build.
            progress: called now and then, in this thread, with what is going on and for how many
                seconds it has been.
            cancel: kills the compiler.
            force: compile even what is in the cache.

        Raises:
            BuildError: it does not compile or link.
            ToolchainMissing: there is no compiler for its language.
            UnknownLanguage: there is no such language.
            Cancelled: through ``cancel``.
        """
        started = time.perf_counter()
        language, toolchain = self._resolve(source)
        key = self._key(source, language, toolchain)
        if isinstance(language, ScriptLanguage):
            return self._script(source, language, toolchain, key, progress, cancel)
        entry = None if force else entries.load(self.artifacts, _KIND, key)
        if entry is not None:
            return _module(entry, source, language, started, from_cache=True)
        waiting = throttled(progress, "waiting for the same build elsewhere")
        with self.artifacts.lock(_KIND, key, cancel=cancel, on_wait=waiting):
            entry = None if force else entries.load(self.artifacts, _KIND, key)
            if entry is not None:
                return _module(entry, source, language, started, from_cache=True)
            entry = self._compile(source, language, toolchain, key, progress, cancel)
            stored = entries.store(self.artifacts, _KIND, key, entry)
        module = _module(entry, source, language, started, from_cache=False)
        return module if stored else _with_warning(module, self._not_stored())

    def warm(self, names: Iterable[str] = ("c", "js", "cpp")) -> WarmUp:
        """Prepare the toolchains of ``names`` in the background, at low priority; never raises."""
        return WarmUp(self._prepare, tuple(names))

    def languages(self) -> list[LanguageStatus]:
        """Every language and whether it can be built here."""
        return [self._status(language) for language in languages.every()]

    def _status(self, language: Language | ScriptLanguage) -> LanguageStatus:
        toolchain = language.detect()
        if toolchain is None:
            return LanguageStatus(language.name, "", False, language.install)
        ready = language.ready(toolchain, self._toolchains)
        found = f"{toolchain.name} {toolchain.version}"
        if isinstance(language, ScriptLanguage):
            found = f"{toolchain.name}, in this package"  # whose version tells nobody anything
        return LanguageStatus(language.name, found, ready, "")

    def _prepare(self, name: str, cancel: CancelToken) -> None:
        """What :meth:`warm` does for one language."""
        source = Source("", name)
        language, toolchain = self._resolve(source)
        if isinstance(language, ScriptLanguage):
            wasm = language.component(toolchain, self.artifacts, progress=None, cancel=cancel)
            precompile(wasm, self.artifacts, cancel)
        elif language.sample and not language.ready(toolchain, self._toolchains):
            sample = Source(language.sample, name, label="warm-up")
            with self._workspace(background=True) as workspace:
                _run(sample, language, toolchain, workspace, None, cancel)

    def _resolve(self, source: Source) -> tuple[Language | ScriptLanguage, Toolchain]:
        language = languages.find(source.language)
        if language is None:
            meant = languages.meant(source.language)
            raise UnknownLanguage(
                f"There is no language {source.language!r}.",
                hint=(f"Did you mean {meant}? " if meant else "")
                + f"Known are: {', '.join(languages.NAMES)}.",
            )
        toolchain = language.detect()
        if toolchain is None:
            raise ToolchainMissing(
                f"No compiler for {language.name} cells was found.", hint=language.install
            )
        return language, toolchain

    def _key(
        self, source: Source, language: Language | ScriptLanguage, toolchain: Toolchain
    ) -> str:
        local = bool(source.flags) or _LOCAL_FILES.search(source.text) is not None
        described = json.dumps(
            [
                _FORMAT,
                language.name,
                toolchain.identity,
                self._sdk.digest(),
                source.text,
                source.first_line,
                source.flags,
                source.debug,
                str(_cwd()) if local else None,
                *packaging.key(source),
            ]
        )
        return hashlib.sha256(described.encode()).hexdigest()

    def _script(
        self,
        source: Source,
        language: ScriptLanguage,
        toolchain: Toolchain,
        key: str,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> BuiltModule:
        """There is nothing to build; what is wrong with the source is said by who runs it."""
        started = time.perf_counter()
        if source.flags:
            message = f"a {language.name} cell takes no compiler flags"
            raise BuildError(
                [Diagnostic("error", message)], label=source.label, language=language.name
            )
        wasm = language.component(toolchain, self.artifacts, progress=progress, cancel=cancel)
        return BuiltModule(
            wasm=wasm,
            key=key,
            language=language.name,
            from_cache=False,
            build_seconds=time.perf_counter() - started,
            warnings="",
            label=source.label,
            is_script=True,
        )

    def _compile(
        self,
        source: Source,
        language: Language,
        toolchain: Toolchain,
        key: str,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> entries.Entry:
        with self._workspace() as workspace:
            compiled = _run(source, language, toolchain, workspace, progress, cancel)
        return entries.Entry(
            packaging.packaged(compiled.wasm, source, language.name),
            key,
            tuple(language.explain(compiled.log, source)),
            entries.fingerprints(compiled.dependencies),
        )

    @contextmanager
    def _workspace(self, *, background: bool = False) -> Iterator[Workspace]:
        try:
            directory = Path(tempfile.mkdtemp(prefix="wasinn-")).resolve()
        except OSError as error:
            raise WasinnError(
                f"There is no room for a build in the temporary directory: {error.strerror}.",
                hint="Free some space, or set TMPDIR.",
            ) from None
        try:
            yield Workspace(
                directory, _cwd(), self._sdk.path, self._toolchains, self.artifacts, background
            )
        finally:
            _discard(directory)

    def _not_stored(self) -> Diagnostic:
        message = f"this build was not kept in the cache: {self.artifacts.problem}"
        return Diagnostic("warning", message)


def _discard(directory: Path) -> None:
    """Remove a build's directory; nobody waits for it, and the process does not end before."""
    try:
        threading.Thread(
            target=shutil.rmtree,
            args=(directory,),
            kwargs={"ignore_errors": True},
            name="wasinn-cleanup",
        ).start()
    except RuntimeError:  # no threads any more: the interpreter is ending
        shutil.rmtree(directory, ignore_errors=True)


def _cwd() -> Path:
    """The user's working directory, or any other when it has been removed."""
    try:
        return Path.cwd()
    except OSError:
        return Path(tempfile.gettempdir())


def _run(
    source: Source,
    language: Language,
    toolchain: Toolchain,
    workspace: Workspace,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> Compiled:
    """One compilation; what the compiler refuses becomes a BuildError."""
    try:
        return language.build(source, workspace, toolchain, progress=progress, cancel=cancel)
    except CompileFailed as failed:
        log = relabel(failed.shown, source)
        found = [brackets.with_note(one, source) for one in language.explain(failed.log, source)]
        if not any(one.severity == "error" for one in found):
            last = log.strip().rsplit("\n", 1)[-1] or "it printed nothing"
            found.append(Diagnostic("error", f"the compiler failed: {last}"))
        raise BuildError(found, log=log, label=source.label, language=language.name) from None
    except OSError as error:
        message = f"the compiler could not be run: {error.strerror or error}"
        found = [Diagnostic("error", message)]
        raise BuildError(found, label=source.label, language=language.name) from None


def _module(
    entry: entries.Entry, source: Source, language: Language, started: float, *, from_cache: bool
) -> BuiltModule:
    return BuiltModule(
        wasm=entry.wasm,
        key=entry.content_key,
        language=language.name,
        from_cache=from_cache,
        build_seconds=time.perf_counter() - started,
        warnings="\n".join(render(found, source.label) for found in entry.diagnostics),
        label=source.label,
        remarks=entry.diagnostics,
    )


def _with_warning(module: BuiltModule, found: Diagnostic) -> BuiltModule:
    shown = render(found, module.label)
    return replace(module, warnings=f"{module.warnings}\n{shown}".lstrip("\n"))
