"""Throws extreme values of every setting at load, set_input and compute; run in a child process.

    python -m tests.backends.ggml.hostile MODEL [SEED COUNT]

Each case is announced on stdout before it runs, so that the last line names what ended the process.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from wasinn_nb.backends import catalog
from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.errors import NNError
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import ExecutionTarget, TensorType

INTS = (-(2**63), -(2**31), -2, -1, 0, 1, 2, 3, 7, 31, 42, 257, 4096, 2**20, 2**31 - 1, 2**63 - 1)
FLOATS = (-1e300, -1.0, -1e-9, 0.0, 1e-45, 1e-9, 0.5, 1.0, 1.5, 1e9, 3.4e38, 1e300)
STRINGS = ("", "x", "3,2", "auto", "row", "root ::= root", "{}", '{"type":"object"}', '{"1":1e300}',
           '{"-1":1}', "\u20ac", "a" * 70000, "\ud800", "%s%n", "/etc/passwd")  # fmt: skip


def values(setting):
    """Extreme values for a setting."""
    if setting.kind == "bool":
        return (True, False)
    if setting.choices:
        return (*setting.choices, "nonsense")
    return {"int": INTS, "float": FLOATS, "str": STRINGS}[setting.kind]


def accepts(setting, value):
    """True if the schema takes the value."""
    try:
        setting.check(value)
    except NNError:
        return False
    return True


class Target:
    """One model that takes any treatment."""

    def __init__(self, path):
        self.backend = catalog()["ggml"]
        self.schema = self.backend.schema()
        self.files = ModelFiles((path,), str(path))
        self.info = self.backend.inspect(self.files)
        self.graph = self.load({})
        self.survived = 0

    def load(self, document):
        parsed = self.schema.parse_guest(json.dumps(document).encode())
        config = self.backend.normalise(
            self.schema.resolve(load={"ctx-size": 256, "threads": 1}, guest=parsed.values)
        )
        return self.backend.load(self.files, self.info, config, target=ExecutionTarget.AUTO)

    def attack(self, document, *, load):
        """Load or reconfigure with ``document``, then use the context in all ways."""
        print(json.dumps(document), "load" if load else "set", flush=True)
        graph = self.graph
        try:
            if load:
                graph = self.load(document)
            self.use(graph, {} if load else document)
        except NNError:
            pass
        finally:
            if graph is not self.graph:
                graph.close()
        self.survived += 1

    def use(self, graph, document):
        context = graph.create_context(graph.config)
        steps = (
            lambda: context.set_input(1, tensor(json.dumps(document))),
            lambda: context.set_input(0, tensor("hello, world")),
            lambda: context.set_input(1, tensor('{"n-predict": 6}')),
            context.compute,
            context.compute_single,
            context.compute_single,
            context.fini_single,
        )
        for step in steps:
            try:
                step()
            except NNError:
                continue
        context.close()


def tensor(text):
    """A prompt or a configuration."""
    return Tensor((1,), TensorType.U8, text.encode("utf-8", "surrogatepass"))


def every_value(target):
    """Each value of each setting by itself, at load and in set_input."""
    for setting in target.schema.values():
        for value in values(setting) if setting.effect else values(setting)[:3]:
            for load in (True, False):
                target.attack({setting.key: value}, load=load)


def combinations(target, seed, count):
    """Random settings together, each valid by itself, so that all of them reach llama.cpp."""
    pick = random.Random(seed)
    valid = {s.key: [v for v in values(s) if accepts(s, v)] for s in target.schema.values()
             if s.effect}  # fmt: skip
    for _ in range(count):
        chosen = pick.sample(sorted(valid), pick.randint(2, 8))
        document = {key: pick.choice(valid[key]) for key in chosen if valid[key]}
        target.attack(document, load=pick.random() < 0.5)


def main():
    """Command line."""
    target = Target(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        combinations(target, int(sys.argv[2]), int(sys.argv[3]))
    else:
        every_value(target)
    target.graph.close()
    print("survived", target.survived, flush=True)


if __name__ == "__main__":
    main()
