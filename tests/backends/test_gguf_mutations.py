"""No broken file may kill the process or hang it: it is refused in words, or it works."""

import collections
import contextlib
import json
import queue
import subprocess
import sys
import threading

import pytest

from tests.backends.gguf_mutations import mutations
from tests.backends.gguf_writer import KIND_F16, KIND_Q4_0, KIND_Q8_0, llama

pytest.importorskip("llama_cpp")

SECONDS = 20.0


class Child:
    """A process that opens files; started again after each death."""

    def __init__(self, root):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.backends.gguf_child"],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.lines.put(json.loads(line))
        self.lines.put(None)

    def open(self, path):
        """(outcome, detail); the outcome is "died" or "hung" if it is not the child's own word."""
        try:
            self.process.stdin.write(f"{path}\n")
            self.process.stdin.flush()
            while (answer := self.lines.get(timeout=SECONDS)) is not None:
                if answer["outcome"] != "begin":
                    return answer["outcome"], answer["detail"]
        except queue.Empty:
            return "hung", ""
        except BrokenPipeError:
            pass
        return "died", str(self.process.wait())

    def close(self):
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()


def outcomes(root, folder, files):
    """What became of each file, by name."""
    found = {}
    child = Child(root)
    try:
        for name, data in files:
            path = folder / f"{len(found)}.gguf"
            path.write_bytes(data)
            found[name] = child.open(path)
            path.unlink()
            if found[name][0] in {"died", "hung"}:
                child.close()
                child = Child(root)
    finally:
        child.close()
    return found


@pytest.mark.slow
def test_broken_models_are_refused_or_work(root, tmp_path):
    files = dict(mutations())
    assert len(files) >= 200
    found = outcomes(root, tmp_path, files.items())
    bad = {name: end for name, end in found.items() if end[0] in {"died", "hung"}}
    assert not bad
    counts = collections.Counter(outcome for outcome, _ in found.values())
    # what the validator lets through is for the most part sound, not left to llama.cpp to refuse
    assert counts["refused"] > len(files) / 2
    assert counts["works"] > 50
    assert counts["not loaded"] < len(files) / 10


def test_valid_models_work(root, tmp_path):
    shapes = {
        "f32": llama(),
        "f16": llama(kind=KIND_F16),
        "q4_0": llama(width=64, kind=KIND_Q4_0),
        "q8_0": llama(width=64, kind=KIND_Q8_0),
        "one head": llama(heads=1, keys=1),
        "five layers": llama(layers=5),
    }
    found = outcomes(root, tmp_path, [(name, file.pack()) for name, file in shapes.items()])
    assert {outcome for outcome, _ in found.values()} == {"works"}, found
