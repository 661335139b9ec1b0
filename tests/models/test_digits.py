"""The digits that ship: what the files compute and say, and that the card and the script agree."""

from __future__ import annotations

import re

import numpy as np
import pytest

from scripts.digits.architecture import AUTHOR, DESCRIPTION, weight_shapes
from wasinn_nb.models import builtin_names, builtin_path, digits_samples

ov = pytest.importorskip("openvino")

IR, ONNX = builtin_path("digits"), builtin_path("digits.onnx")
FILES = [IR, IR.with_suffix(".bin"), ONNX]
CARD = IR.with_name("digits.md")
SAMPLES = IR.with_suffix(".npz")


def compute(path, images, precision="f32"):
    compiled = ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": precision})
    return compiled({"image": images})["probabilities"]


@pytest.fixture(scope="module")
def given():
    """Probabilities of all samples, by file and precision."""
    images = scaled(digits_samples()[0])
    return {
        (path.name, precision): compute(path, images, precision)
        for path in (IR, ONNX)
        for precision in ("f32", "bf16")
    }


def scaled(images):
    return (images / 16).astype(np.float32)[:, None]


def accuracy(probabilities):
    _, labels = digits_samples()
    return (probabilities.argmax(axis=1) == labels).mean()


def test_both_are_built_in():
    assert {"digits", "digits.onnx"} <= set(builtin_names())
    assert list(builtin_names()) == sorted(builtin_names())
    assert all(path.is_file() for path in FILES)


def test_small():
    assert sum(path.stat().st_size for path in [*FILES, SAMPLES]) <= 150_000


@pytest.mark.parametrize("precision", ["f32", "bf16"])
@pytest.mark.parametrize("name", [IR.name, ONNX.name])
def test_accuracy_on_what_it_was_not_trained_on(given, name, precision):
    assert accuracy(given[name, precision]) >= 0.98


def test_outputs_are_probabilities(given):
    for probabilities in given.values():
        assert probabilities.dtype == np.float32
        assert probabilities.min() >= 0
        assert np.abs(probabilities.sum(axis=1) - 1).max() < 1e-5


def test_ir_and_onnx_give_the_same_numbers(given):
    assert np.abs(given[IR.name, "f32"] - given[ONNX.name, "f32"]).max() <= 1e-6
    # of noise it is unsure, and then each weight counts
    noise = np.random.default_rng(0).random((100, 1, 8, 8), np.float32)
    assert np.abs(compute(IR, noise) - compute(ONNX, noise)).max() <= 1e-6


def test_an_image_alone_gives_what_it_gives_in_a_batch(given):
    alone = compute(IR, scaled(digits_samples()[0][7:8]))
    assert np.abs(alone - given[IR.name, "f32"][7:8]).max() <= 1e-6


@pytest.mark.parametrize("path", [IR, ONNX], ids=["ir", "onnx"])
def test_inputs_and_outputs(path):
    model = ov.Core().read_model(path)
    [image], [probabilities] = model.inputs, model.outputs
    assert image.names == {"image"}
    assert probabilities.names == {"probabilities"}
    assert image.partial_shape == ov.PartialShape([-1, 1, 8, 8])
    assert probabilities.partial_shape == ov.PartialShape([-1, 10])
    assert image.element_type == probabilities.element_type == ov.Type.f32


def test_the_ir_says_what_it_is():
    model = ov.Core().read_model(IR)
    assert model.inputs[0].node.layout == ov.Layout("NCHW")
    assert model.outputs[0].node.layout == ov.Layout("NC")
    info = {
        key: model.get_rt_info(["model_info", key]).astype(str)
        for key in ("author", "description", "labels", "license")
    }
    assert info == {
        "author": AUTHOR,
        "description": DESCRIPTION,
        "labels": "0 1 2 3 4 5 6 7 8 9",
        "license": "Apache-2.0",
    }


def test_the_onnx_says_what_it_is():
    onnx = pytest.importorskip("onnx")
    model = onnx.load(ONNX)
    onnx.checker.check_model(model, full_check=True)
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert said["model_license"] == "Apache-2.0"
    assert said["model_author"] == AUTHOR
    assert said["labels"].split() == list("0123456789")
    assert said["description"] == model.doc_string == DESCRIPTION


def test_samples():
    images, labels = digits_samples()
    assert (images.shape, images.dtype) == ((360, 8, 8), np.uint8)
    assert (labels.shape, labels.dtype) == ((360,), np.uint8)
    assert (images.min(), images.max()) == (0, 16)
    assert set(labels) == set(range(10))


def test_samples_are_the_held_out_part():
    pytest.importorskip("sklearn")
    from scripts.digits.data import split

    training, held_out = split()
    images, labels = digits_samples()
    assert np.array_equal(images, held_out.images)
    assert np.array_equal(labels, held_out.labels)
    trained = {image.tobytes() for image in training.images}
    assert len(training) + len(held_out) == 1797
    assert not [image for image in images if image.tobytes() in trained]


def test_the_script_makes_the_files_that_ship(tmp_path, given):
    pytest.importorskip("onnx")
    from scripts.digits.export_ir import export_ir
    from scripts.digits.export_onnx import export_onnx, onnx_weights

    weights = onnx_weights(ONNX)
    export_onnx(weights, tmp_path / ONNX.name)
    export_ir(weights, tmp_path / IR.name)
    for path in FILES[1:]:  # the .xml may differ from one version of OpenVINO to the next
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
    again = compute(tmp_path / IR.name, scaled(digits_samples()[0]))
    assert np.abs(again - given[IR.name, "f32"]).max() <= 1e-6


def test_weights_of_another_network_are_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    from scripts.digits.export_onnx import onnx_weights

    model = onnx.load(ONNX)
    del model.graph.initializer[0]
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ValueError, match=r"conv1\.weight"):
        onnx_weights(tmp_path / "other.onnx")


def test_the_card_states_the_files(given):
    card = CARD.read_text("utf-8")
    for path in [*FILES, SAMPLES]:
        assert f"`{path.name}`, {path.stat().st_size:,} bytes" in card
    parameters = sum(int(np.prod(shape)) for shape in weight_shapes().values())
    assert f"| parameters | {parameters:,} |" in card
    right = round(accuracy(given[IR.name, "f32"]) * 360)
    assert re.search(rf"held-out images, .*\| {right / 360:.2%} \({right} of 360\)", card)
    images, labels = digits_samples()
    plain = np.where(images < 8, 0, 16).astype(np.uint8)
    right = int((compute(IR, scaled(plain)).argmax(axis=1) == labels).sum())
    assert re.search(rf"without grey .*\| {right / 360:.2%} \({right} of 360\)", card)
