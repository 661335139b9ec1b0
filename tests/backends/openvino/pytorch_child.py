"""Loads PyTorch programs as the backend does, and compares with PyTorch and OpenVINO itself."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import openvino
import torch

from tests.backends.openvino.running import computed, configured
from wasinn_nb.backends import catalog
from wasinn_nb.nn.backend import ModelFiles, ModelInfo
from wasinn_nb.nn.errors import InvalidEncoding
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

FOLDER = Path(sys.argv[1])
BACKEND = catalog()["openvino"]
CONFIG = configured(BACKEND, inference_precision="f32", threads=1)


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.filters = torch.nn.Conv2d(3, 8, 3, 2, 1)
        self.scores = torch.nn.Linear(8, 10)

    def forward(self, image):
        pooled = torch.relu(self.filters(image)).mean(dim=(2, 3))
        return torch.softmax(self.scores(pooled), 1)


class Harmful:
    """A pickle that leaves a file behind when it is read."""

    def __reduce__(self):
        return Path.touch, (FOLDER / "ran",)


def main():
    torch.manual_seed(0)
    network, image = Network().eval(), torch.rand(1, 3, 32, 32)
    torch.jit.trace(network, image).save(str(FOLDER / "traced.pt"))
    torch.jit.script(network).save(str(FOLDER / "scripted.pt"))
    torch.export.save(torch.export.export(network, (image,)), str(FOLDER / "exported.pt2"))
    torch.save(network.state_dict(), FOLDER / "weights.pt")
    torch.save(Harmful(), FOLDER / "harmful.pt")
    with_harmful_inputs(FOLDER / "exported.pt2", FOLDER / "harmful.pt2")

    expected = network(image).detach().numpy()
    for name in ("traced.pt", "scripted.pt", "exported.pt2"):
        path = FOLDER / name
        for part in (path, path.read_bytes()):
            context = load(part).create_context(CONFIG)
            output = computed(context, image.numpy())
            assert np.allclose(output, expected, atol=1e-6), name
            assert output.tobytes() == directly(path, image.numpy()).tobytes(), name
    for name in ("weights.pt", "harmful.pt", "harmful.pt2"):
        try:
            load(FOLDER / name)
        except InvalidEncoding:
            continue
        raise AssertionError(name)
    assert not (FOLDER / "ran").exists()


def load(part):
    files = ModelFiles((part,), "the model", GraphEncoding.PYTORCH)
    info = ModelInfo(GraphEncoding.PYTORCH)
    return BACKEND.load(files, info, CONFIG, target=ExecutionTarget.CPU)


def directly(path, image):
    read = torch.export.load if path.suffix == ".pt2" else torch.jit.load
    properties = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    model = openvino.convert_model(read(str(path)))
    compiled = openvino.Core().compile_model(model, "CPU", properties)
    return compiled.create_infer_request().infer(image)[0]


def with_harmful_inputs(source, target):
    harmful = io.BytesIO()
    torch.save(Harmful(), harmful)
    changed = 0
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            inputs = "sample_inputs" in name
            new.writestr(name, harmful.getvalue() if inputs else old.read(name))
            changed += inputs
    assert changed == 1


if __name__ == "__main__":
    main()
    print("all right")
