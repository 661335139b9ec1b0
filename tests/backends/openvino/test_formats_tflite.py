import numpy as np
import pytest

from tests.backends.openvino import samples
from tests.backends.openvino.flatbuffer_writer import Scalar, Table, Vector
from wasinn_nb.backends.openvino.formats import inspect
from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding, ModelNotFound
from wasinn_nb.nn.types import GraphEncoding, TensorType

TFLITE = GraphEncoding.TENSORFLOWLITE


def read(*parts):
    return inspect(TFLITE, ModelFiles(parts, "the model", TFLITE))


def refusal(part, kind=InvalidArgument):
    with pytest.raises(kind) as caught:
        read(part if not isinstance(part, Table) else samples.packed(part))
    assert caught.value.hint
    return caught.value.message


@pytest.fixture
def model():
    return samples.tflite_convolution()


@pytest.fixture
def graph(model):
    return model[2].items[0]


def test_what_a_model_says(model, tmp_path):
    data = samples.packed(model)
    info = read(data)
    assert (info.encoding, info.name, info.quantization) == (TFLITE, "main", "f32")
    assert (info.nbytes, info.parameters) == (len(data), 36 + 4 + 640 + 10)
    (image,), (scores,) = info.inputs, info.outputs
    assert (image.name, image.dims, image.type) == ("image", (1, 8, 8, 1), TensorType.F32)
    assert (scores.name, scores.dims) == ("probabilities", (1, 10))
    assert info.metadata["description"] == "a sample"
    path = tmp_path / "m.tflite"
    path.write_bytes(data)
    assert read(path) == info


def test_dynamic_sizes_names_of_signatures_and_metadata(model, graph):
    graph[0].items[0][7] = Vector([-1, 8, 8, 1], "i")
    model[6] = Vector([Table({0: "labels", 1: Scalar("I", 1)})])
    names = [
        Vector([Table({0: name, 1: Scalar("I", at)})]) for name, at in (("in", 0), ("out", 10))
    ]
    model[7] = Vector([Table({0: names[0], 1: names[1], 2: "serving_default"})])
    info = read(samples.packed(model))
    assert info.inputs[0].dims == (-1, 8, 8, 1)
    assert (info.inputs[0].aliases, info.outputs[0].aliases) == (("in",), ("out",))
    assert info.metadata["labels"] == "144 bytes"


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0\0\0\0TFL2" + bytes(40), b"GGUF" * 9])
def test_what_is_not_tflite(data):
    refusal(data, kind=InvalidEncoding)


def test_a_file_that_ends_too_soon(model):
    data = samples.packed(model)
    for size in range(8, len(data) - 1, 7):
        refusal(data[:size])


def test_a_missing_file(tmp_path):
    refusal(tmp_path / "m.tflite", kind=ModelNotFound)


@pytest.mark.parametrize("code", [-1, 162, 10_000, 2**31 - 1, -(2**31)])
def test_operators_that_no_table_has(model, code):
    fields = {0: Scalar("b", max(-1, min(code, 127))), 3: Scalar("i", code)}
    model[1].items[0] = Table(fields)
    assert "unknown code" in refusal(model)


@pytest.mark.parametrize("count", [0, 2])
def test_operators_of_the_wrong_number_of_results(graph, model, count):
    """OpenVINO reads as many results as the file names, whatever the operator makes."""
    graph[3].items[0][2] = Vector([3, 4][:count], "i")
    assert f"has {count} outputs instead of 1" in refusal(model)


def test_operators_without_their_inputs(graph, model):
    graph[3].items[0][1] = Vector([0], "i")
    assert "(CONV_2D) has no input 1" in refusal(model)
    graph[3].items[0][1] = Vector([0, -1], "i")
    assert "(CONV_2D) has no input 1" in refusal(model)


@pytest.mark.parametrize("number", [-2, 11, 2**31 - 1, -(2**31)])
def test_tensors_that_are_not_there(graph, model, number):
    listed = dict(graph.fields)
    for place in (1, 2):
        graph[place] = Vector([number], "i")
        assert f"{number} of 11 tensors" in refusal(model)
        graph[place] = listed[place]
        operands = graph[3].items[0][place]
        graph[3].items[0][place] = Vector([number, 1, 2][: 4 - place], "i")
        assert f"{number} of 11" in refusal(model)
        graph[3].items[0][place] = operands


def test_graphs_that_cannot_be(graph, model):
    operands = graph[3].items[0][1]
    graph[3].items[0][1] = Vector([10, 1, 2], "i")
    assert "cycle" in refusal(model)
    graph[3].items[0][1] = Vector([6, 1, 2], "i")
    graph[3].items.pop(2)
    assert "'f', which has no data" in refusal(model)
    graph[3].items[0][1] = operands
    assert "'f', which has no data" in refusal(model)


@pytest.mark.parametrize("shape", [[0, 8, 8, 1], [-2], [1] * 65, [2**31 - 1] * 2, [40_000] * 2])
def test_inputs_of_impossible_shapes(graph, model, shape):
    graph[0].items[0][0] = Vector(shape, "i")
    assert "'image'" in refusal(model)


def test_data_of_the_wrong_size(graph, model):
    graph[0].items[1][0] = Vector([4, 3, 3, 2], "i")
    text = refusal(model)
    assert "'w'" in text
    assert "has 144 bytes" in text
    assert "takes 288" in text
    graph[0].items[1][2] = Scalar("I", 99)
    assert "buffer 99 of" in refusal(model)
    graph[0].items[1][1] = Scalar("b", 77)
    assert "element type 77" in refusal(model)


def test_scales_are_counted(graph, model):
    quantization = {2: Vector([0.5, 0.5], "f"), 3: Vector([0, 0, 0], "q"), 6: Scalar("i", 0)}
    graph[0].items[1][4] = Table(quantization)
    assert "2 scales and 3 zero points" in refusal(model)
    quantization[3] = Vector([0, 0], "q")
    read(samples.packed(model))
    quantization[6] = Scalar("i", 4)
    assert "dimension 4 of 4" in refusal(model)


def test_data_after_the_flatbuffer(model, graph):
    """Models of more than 2 GB keep their weights there."""
    data = np.zeros(36, np.float32).tobytes()
    size = len(samples.packed(model))
    model[4].items[1] = Table({1: Scalar("Q", 2 * size), 2: Scalar("Q", len(data))})
    packed = samples.packed(model).ljust(2 * size, b"\0")
    assert read(packed + data).parameters == 690
    assert "is cut short" in refusal(packed + data[:-1])


def test_references_to_the_same_table_for_ever(model, graph):
    """Reading takes time in proportion to the file, whatever refers to what in it."""
    table = graph[0].items[0]
    table[3] = "x" * 4000
    graph[0] = Vector([table] * 5000)
    graph[0].shared = True
    assert "again and again" in refusal(model)
