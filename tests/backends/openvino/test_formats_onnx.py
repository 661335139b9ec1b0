import os
import tracemalloc

import numpy as np
import pytest

pytest.importorskip("onnx")

from tests.backends.openvino import samples
from tests.backends.openvino.protobuf_writer import message, varint
from wasinn_nb.backends.openvino.formats import inspect
from wasinn_nb.models import builtin_path
from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding, ModelNotFound
from wasinn_nb.nn.types import GraphEncoding, TensorType

ONNX = GraphEncoding.ONNX


def read(*parts):
    return inspect(ONNX, ModelFiles(parts, "the model", ONNX))


def refusal(part, kind=InvalidArgument):
    if not isinstance(part, bytes | os.PathLike):
        part = part.SerializeToString()
    with pytest.raises(kind) as caught:
        read(part)
    assert caught.value.hint
    return caught.value.message


@pytest.fixture
def model():
    return samples.onnx_convolution(producer_name="tests")


def test_what_a_model_says(model):
    info = read(model.SerializeToString())
    assert (info.encoding, info.name, info.quantization) == (ONNX, "convolution", "f32")
    assert info.parameters == 4 * 9 + 4 + 64 * 10
    assert info.nbytes == len(model.SerializeToString())
    (image,), (scores,) = info.inputs, info.outputs
    assert (image.name, image.dims, image.type) == ("image", (1, 1, 8, 8), TensorType.F32)
    assert (scores.name, scores.dims) == ("probabilities", (1, 10))
    expected = {"ir_version": "8", "opset": "13", "producer_name": "tests", "author": "nobody"}
    assert expected.items() <= info.metadata.items()


def test_the_digits_model():
    info = read(builtin_path("digits.onnx"))
    assert info.inputs[0].dims == (-1, 1, 8, 8)
    assert info.outputs[0].dims == (-1, 10)


def test_subgraphs_and_unknown_shapes():
    info = read(samples.onnx_branches().SerializeToString())
    assert [spec.dims for spec in info.inputs] == [(-1, 3, 4), (), (3, 1, 4)]
    assert [spec.type for spec in info.inputs] == [TensorType.F32, TensorType.BOOL, TensorType.F32]
    assert [spec.dims for spec in info.outputs] == [None] * 3


def test_a_constant_among_the_inputs_is_not_asked_for(model):
    from onnx import helper

    model.graph.input.append(helper.make_tensor_value_info("w", 1, [4, 1, 3, 3]))
    assert [spec.name for spec in read(model.SerializeToString()).inputs] == ["image"]


@pytest.mark.parametrize("data", [b"", b"GGUF0000", b"<net></net>", b"PK\3\4....", b"\xff" * 20])
def test_what_is_not_onnx(data):
    refusal(data, kind=InvalidEncoding)


def test_data_of_the_wrong_size(model):
    weight = model.graph.initializer[0]
    weight.raw_data = weight.raw_data[:-4]
    text = refusal(model)
    assert "the constant 'w' has 140 bytes" in text
    assert "takes 144" in text


def test_numbers_that_are_listed_are_counted(model):
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.float_data.extend([0.5] * 36)
    read(model.SerializeToString())
    weight.float_data.append(1)
    assert "37 numbers" in refusal(model)
    shape = model.graph.initializer[2]
    weight.float_data.pop()
    shape.ClearField("raw_data")
    shape.int64_data.extend([1, -1])
    read(model.SerializeToString())
    shape.int64_data.pop()
    shape.int64_data.pop()
    assert "0 numbers" in refusal(model)


@pytest.mark.parametrize("dims", [[-1, 3], [2**62, 4], [2**31], [1] * 65, [2**20, 2**21]])
def test_constants_of_impossible_shapes(model, dims):
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend(dims)
    assert "'w'" in refusal(model) or "constant 0" in refusal(model)


@pytest.mark.parametrize("size", [0, -5, 2**31, 2**62])
def test_inputs_of_impossible_sizes(model, size):
    model.graph.input[0].type.tensor_type.shape.dim[3].dim_value = size
    text = refusal(model)
    assert "'image'" in text
    assert f"{size:,}" in text


def test_an_input_larger_than_a_guest_can_have(model):
    for dim in model.graph.input[0].type.tensor_type.shape.dim:
        dim.dim_value = 1 << 8
    assert "takes more than" in refusal(model)


@pytest.mark.parametrize("version", [0, -1, 2**31, 2**32, 2**62])
def test_operator_sets_that_would_be_searched_for_ever(model, version):
    model.opset_import[0].version = version
    assert f"version {version}" in refusal(model)


@pytest.mark.parametrize(("operator", "needs"), [
    ("Conv", 2), ("Clip", 1), ("GlobalAveragePool", 1), ("Pad", 2), ("Reshape", 2), ("Gemm", 2),
    ("BatchNormalization", 5), ("Max", 1), ("QLinearConv", 8),
])  # fmt: skip
def test_inputs_that_an_operator_needs(model, operator, needs):
    node = model.graph.node[1]
    node.op_type = operator
    for count in range(needs):
        del node.input[:]
        node.input.extend(["c"] * count + [""])
        text = refusal(model)
        assert f"({operator} '') has no input {count}" in text
    node.input[-1] = "c"
    read(model.SerializeToString())


def test_what_became_an_input_in_a_later_version(model):
    node = model.graph.node[1]
    node.op_type = "Pad"
    model.opset_import[0].version = 10
    read(model.SerializeToString())
    model.opset_import[0].version = 11
    assert "no input 1" in refusal(model)


def test_an_axis_without_measure(model):
    from onnx import helper

    for value, fine in ((1, True), (-1, True), (2**40, False), (-65, False)):
        del model.graph.node[1].attribute[:]
        model.graph.node[1].attribute.append(helper.make_attribute("batch_dims", value))
        if fine:
            read(model.SerializeToString())
        else:
            assert "batch_dims" in refusal(model)


def test_graphs_that_cannot_be(model):
    def changed(edit):
        other = type(model)()
        other.CopyFrom(model)
        edit(other.graph)
        return refusal(other)

    def twice(graph):
        graph.initializer.add().CopyFrom(graph.initializer[0])

    assert "cycle" in changed(lambda g: g.node[0].input.__setitem__(0, "s"))
    assert "'c', which exists" in changed(lambda g: g.node[2].output.__setitem__(0, "c"))
    assert "'zz', which nothing" in changed(lambda g: g.node[2].input.__setitem__(0, "zz"))
    assert "'zz', which nothing" in changed(lambda g: setattr(g.output[0], "name", "zz"))
    assert "no operator" in changed(lambda g: g.node[2].ClearField("op_type"))
    assert "there twice" in changed(twice)
    assert "no output" in changed(lambda g: g.ClearField("output"))


def test_graphs_cannot_nest_without_end(model):
    from onnx import helper

    inner = helper.make_graph([], "g", [], [])
    for _ in range(20):
        node = helper.make_node("If", ["c"], ["d"], then_branch=inner)
        inner = helper.make_graph([node], "g", [], [])
    model.graph.node.extend(inner.node)
    assert "deep" in refusal(model)


# ---------------------------------------------------------------- data in other files


def outside(model, location, **more):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    for key, text in {"location": location, **more}.items():
        tensor.external_data.add(key=key, value=text)
    return model


def test_data_in_a_file_beside_the_model(model, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(outside(model, "w.data", offset="16", length="144").SerializeToString())
    assert str(tmp_path / "w.data") in refusal(path, kind=ModelNotFound)
    (tmp_path / "w.data").write_bytes(bytes(159))
    assert "ends at byte 160" in refusal(path)
    (tmp_path / "w.data").write_bytes(bytes(160))
    info = read(path)
    assert info.nbytes == path.stat().st_size + 144
    assert "given as bytes" in refusal(path.read_bytes())


@pytest.mark.parametrize("more", [{"offset": "-1"}, {"length": "143"}, {"offset": "9" * 30}])
def test_data_at_impossible_places(model, tmp_path, more):
    path = tmp_path / "m.onnx"
    (tmp_path / "w.data").write_bytes(bytes(160))
    path.write_bytes(outside(model, "w.data", **more).SerializeToString())
    refusal(path)


@pytest.mark.parametrize(
    "location",
    ["../w.data", "/etc/passwd", "a/../../w.data", "C:\\w.data", "\\\\host\\w", "", ".."],
)
def test_data_outside_of_the_models_directory(model, tmp_path, location):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w.data").write_bytes(bytes(160))
    path = folder / "m.onnx"
    path.write_bytes(outside(model, location).SerializeToString())
    assert "outside its own directory" in refusal(path)


def test_a_link_that_leads_out(model, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(160))
    (folder / "w.data").symlink_to("../secret")
    path = folder / "m.onnx"
    path.write_bytes(outside(model, "w.data").SerializeToString())
    assert "outside its own directory" in refusal(path)


def test_an_address_in_memory_is_no_file(model, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(
        outside(model, "*/_ORT_MEM_ADDR_/*", offset="4096", length="144").SerializeToString()
    )
    refusal(path, kind=ModelNotFound)


# ---------------------------------------------------------------- size


def test_a_large_model_is_not_copied(tmp_path):
    path = tmp_path / "large.onnx"
    size = 1 << 29
    head = message([(1, size // 4), (2, 1), (8, "w")]) + varint(9 << 3 | 2) + varint(size)
    inner = message([(11, [(1, "x")]), (12, [(1, "w")])])
    tensor = varint(5 << 3 | 2) + varint(len(head) + size) + head
    graph_size = len(inner) + len(tensor) + size
    start = message([(1, 8), (8, [(1, ""), (2, 13)])])
    with path.open("wb") as file:
        file.write(start + varint(7 << 3 | 2) + varint(graph_size) + inner + tensor)
        file.truncate(file.tell() + size)
    tracemalloc.start()
    info = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert info.parameters == size // 4
    assert peak < 8 << 20
    os.truncate(path, path.stat().st_size - 1)
    assert "leads out of it" in refusal(path)


@pytest.mark.parametrize("axis", [2, 5, -3, -16])
@pytest.mark.parametrize("how", ["initializer", "node", "identity"])
def test_axes_that_a_constant_does_not_have(axis, how):
    from onnx import helper, numpy_helper

    def unique(axis):
        data = numpy_helper.from_array(np.ones((2, 3), np.float32), "c")
        nodes = [helper.make_node("Unique", ["c"], ["y"], axis=axis)]
        if how != "initializer":
            nodes.insert(0, helper.make_node("Constant", [], ["c"], value=data))
        if how == "identity":
            nodes[0].output[0] = "k"
            nodes.insert(1, helper.make_node("Identity", ["k"], ["c"]))
        output = helper.make_tensor_value_info("y", 1, None)
        constants = [data] if how == "initializer" else []
        return helper.make_model(helper.make_graph(nodes, "g", [], [output], constants))

    assert f"(Unique '') is {axis}, and its input has 2 dim" in refusal(unique(axis))
    assert read(unique(1).SerializeToString()).outputs[0].name == "y"
