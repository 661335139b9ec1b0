"""Small valid models of every encoding, made here; the larger ones exercise control flow."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from tests.backends.openvino.flatbuffer_writer import Scalar, Table, Vector, write

TFLITE_TYPES = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "bool": 6}


def weights(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32) * 0.3


# ---------------------------------------------------------------- OpenVINO IR


def ir_convolution():
    """(xml, bin): convolution, pooling, a reshape by a constant, a matrix and softmax."""
    from openvino import opset13 as op

    x = op.parameter([1, 1, 8, 8], np.float32, name="image")
    around = [1, 1]
    y = op.convolution(x, op.constant(weights(4, 1, 3, 3)), [1, 1], around, around, [1, 1])
    y = op.relu(op.add(y, op.constant(weights(1, 4, 1, 1))))
    y = op.max_pool(y, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)
    y = op.reshape(y, op.constant(np.array([1, 64])), special_zero=False)
    y = op.matmul(y, op.constant(weights(10, 64)), transpose_a=False, transpose_b=True)
    return serialized([op.softmax(y, -1).output(0)], [x])


def ir_indices():
    """(xml, bin): operations that are steered by constants of indices and sizes; packed weights."""
    import openvino
    from openvino import opset13 as op

    def ints(*values):
        return op.constant(np.array(values, np.int64))

    one, three = op.constant(np.int64(1)), op.constant(np.int64(3))
    zero = op.constant(np.float32(0))
    x = op.parameter([-1, 4, 6], np.float32, name="x")
    y = op.transpose(op.gather(x, ints(0, 2, 1), one), ints(0, 2, 1))
    y = op.strided_slice(y, ints(0, 0, 0), ints(0, 4, 3), ints(1, 1, 1), [1, 0, 0], [1, 0, 0])
    halves = op.split(y, one, 2)
    y = op.concat([halves.output(0), halves.output(1), y], 1)
    y = op.pad(y, ints(0, 1, 0), ints(0, 1, 1), "constant", zero)
    top = op.topk(y, three, 1, "max", "value")
    packed = openvino.Tensor(
        np.arange(10, dtype=np.uint8), openvino.Shape([5, 4]), openvino.Type.u4
    )
    scale = op.constant(weights(5, 1))
    matrix = op.multiply(op.convert(op.constant(packed), np.float32), scale)
    y = op.reshape(op.reduce_sum(top.output(0), ints(1)), ints(-1, 4), special_zero=False)
    y = op.matmul(y, matrix, transpose_a=False, transpose_b=True)
    return serialized([y.output(0), op.reduce_mean(top.output(0), ints(2)).output(0)], [x])


def ir_branches():
    """(xml, bin): a loop and a branch with bodies of their own, and a recurrent layer."""
    import openvino
    from openvino import opset13 as op

    x = op.parameter([2, 3, 4], np.float32, name="x")
    k = op.parameter([], bool, name="k")
    item = op.parameter([2, 3, 4], np.float32)
    step = op.add(item, op.constant(np.float32(1)))
    body = openvino.Model([step, op.constant(np.array(True))], [item], "body")
    loop = op.loop(op.constant(np.int64(3)), op.constant(np.array(True)))
    loop.set_function(body)
    loop.set_merged_input(item, x.output(0), body.results[0].output(0))
    loop.set_special_body_ports([-1, 1])
    looped = loop.get_iter_value(body.results[0].output(0), -1)
    a, b = (op.parameter([2, 3, 4], np.float32) for _ in range(2))
    then = openvino.Model([op.relu(a)], [a], "then")
    other = openvino.Model([op.negative(b)], [b], "else")
    branch = op.if_op(k.output(0))
    branch.set_then_body(then)
    branch.set_else_body(other)
    branch.set_input(looped, a, b)
    state = op.constant(weights(2, 1, 5))
    lengths = op.constant(np.array([3, 3], np.int32))
    kernel, recurrent, bias = weights(1, 20, 4), weights(1, 20, 5), weights(1, 20)
    lstm = op.lstm_sequence(
        x, state, state, lengths, *map(op.constant, (kernel, recurrent, bias)), 5, "forward"
    )
    return serialized(
        [branch.set_output(then.results[0], other.results[0]), lstm.output(0)], [x, k]
    )


def serialized(outputs, inputs):
    import openvino

    with tempfile.TemporaryDirectory() as directory:
        xml, data = Path(directory, "m.xml"), Path(directory, "m.bin")
        openvino.serialize(openvino.Model(outputs, inputs, "sample"), str(xml), str(data))
        return xml.read_bytes(), data.read_bytes()


# ---------------------------------------------------------------- ONNX


def onnx_convolution(**changes):
    """A ``ModelProto`` with a convolution, pooling, a reshape and a matrix."""
    from onnx import helper, numpy_helper

    shape = np.array([1, -1])
    constants = {"w": weights(4, 1, 3, 3), "b": weights(4), "shape": shape, "m": weights(64, 10)}
    nodes = [
        helper.make_node("Conv", ["image", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Reshape", ["p", "shape"], ["f"]),
        helper.make_node("MatMul", ["f", "m"], ["s"]),
        helper.make_node("Softmax", ["s"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "convolution",
        [helper.make_tensor_value_info("image", 1, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", 1, [1, 10])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], **changes)
    model.ir_version = 8
    helper.set_model_props(model, {"author": "nobody"})
    return model


def onnx_branches():
    """A ``ModelProto`` with a loop, a branch, indices, a recurrent layer and quantized weights."""
    from onnx import helper, numpy_helper

    def info(name, kind, shape):
        return helper.make_tensor_value_info(name, kind, shape)

    body = helper.make_graph(
        [
            helper.make_node("Add", ["a", "one"], ["b"]),
            helper.make_node("Identity", ["go"], ["on"]),
        ],
        "body",
        [info("i", 7, []), info("go", 9, []), info("a", 1, None)],
        [info("on", 9, []), info("b", 1, None)],
        [numpy_helper.from_array(np.float32(1), "one")],
    )
    then = helper.make_graph(
        [helper.make_node("Relu", ["l"], ["t"])], "then", [], [info("t", 1, None)]
    )
    other = helper.make_graph(
        [helper.make_node("Neg", ["l"], ["e"])], "else", [], [info("e", 1, None)]
    )
    constants = {
        "index": np.array([0, 2]),
        "trips": np.array(3),
        "true": np.array(True),
        "start": np.array([0]),
        "end": np.array([2]),
        "q": np.arange(20, dtype=np.int8).reshape(4, 5),
        "scale": np.float32(0.1),
        "zero": np.int8(0),
        "lw": weights(1, 20, 4),
        "lr": weights(1, 20, 5),
    }
    nodes = [
        helper.make_node("Gather", ["x", "index"], ["g"], axis=1),
        helper.make_node("Loop", ["trips", "true", "g"], ["l"], body=body),
        helper.make_node("If", ["k"], ["o"], then_branch=then, else_branch=other),
        helper.make_node("Slice", ["o", "start", "end"], ["y"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
        helper.make_node("Split", ["d"], ["d1", "d2"], axis=0),
        helper.make_node("Concat", ["d1", "d2"], ["z"], axis=1),
        helper.make_node("LSTM", ["seq", "lw", "lr"], ["h"], hidden_size=5),
    ]
    graph = helper.make_graph(
        nodes,
        "branches",
        [info("x", 1, ["n", 3, 4]), info("k", 9, []), info("seq", 1, [3, 1, 4])],
        [info("y", 1, None), info("z", 1, None), info("h", 1, None)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    return model


# ---------------------------------------------------------------- TensorFlow Lite


def tflite(tensors, operators, inputs, outputs):
    """The root table of a model with one subgraph.

    Args:
        tensors: (name, shape, dtype or array) each.
        operators: (code, inputs, outputs, type of options, options) each.
    """
    buffers, tables = [Table()], []
    for name, shape, content in tensors:
        table = Table({0: Vector(list(shape), "i"), 3: name})
        dtype = content
        if isinstance(content, np.ndarray):
            dtype = content.dtype.name
            buffers.append(Table({0: Vector([], "B", content.tobytes())}))
            table[2] = Scalar("I", len(buffers) - 1)
        table[1] = Scalar("b", TFLITE_TYPES[dtype])
        tables.append(table)
    codes = sorted({operator[0] for operator in operators})
    listed = []
    for code, ins, outs, kind, options in operators:
        table = Table({0: Scalar("I", codes.index(code)), 1: Vector(ins, "i")})
        table[2] = Vector(outs, "i")
        if kind:
            table[3], table[4] = Scalar("B", kind), options
        listed.append(table)
    subgraph = Table({0: Vector(tables), 1: Vector(inputs, "i"), 2: Vector(outputs, "i")})
    subgraph[3], subgraph[4] = Vector(listed), "main"
    code_tables = [
        Table({0: Scalar("b", min(code, 127)), 2: Scalar("i", 1), 3: Scalar("i", code)})
        for code in codes
    ]
    model = Table({0: Scalar("I", 3), 1: Vector(code_tables), 2: Vector([subgraph])})
    model[3], model[4] = "a sample", Vector(buffers)
    return model


def tflite_convolution():
    """The root table of a model with a convolution, pooling, a reshape and a dense layer."""
    tensors = [
        ("image", [1, 8, 8, 1], "float32"),
        ("w", [4, 3, 3, 1], weights(4, 3, 3, 1)),
        ("b", [4], weights(4)),
        ("c", [1, 8, 8, 4], "float32"),
        ("p", [1, 4, 4, 4], "float32"),
        ("shape", [2], np.array([1, 64], np.int32)),
        ("f", [1, 64], "float32"),
        ("m", [10, 64], weights(10, 64)),
        ("n", [10], weights(10)),
        ("s", [1, 10], "float32"),
        ("probabilities", [1, 10], "float32"),
    ]
    one, two = Scalar("i", 1), Scalar("i", 2)
    conv = Table({0: Scalar("b", 0), 1: one, 2: one, 3: Scalar("b", 1)})
    pool = Table({0: Scalar("b", 1), 1: two, 2: two, 3: two, 4: two})
    operators = [
        (3, [0, 1, 2], [3], 1, conv),
        (17, [3], [4], 5, pool),
        (22, [4, 5], [6], 17, Table({0: Vector([1, 64], "i")})),
        (9, [6, 7, 8], [9], 8, Table({0: Scalar("b", 0)})),
        (25, [9], [10], 9, Table({0: Scalar("f", 1.0)})),
    ]
    return tflite(tensors, operators, [0], [10])


def packed(model):
    """The file of a TensorFlow Lite model."""
    return write(model, b"TFL3")


# ---------------------------------------------------------------- TensorFlow


def shape(*dims):
    """A ``TensorShapeProto``."""
    return [(2, [(1, size)]) for size in dims]


def node(name, operator, inputs=(), **attributes):
    """A ``NodeDef``; attributes are lists of fields of ``AttrValue``."""
    pairs = [(1, name), (2, operator), *((3, each) for each in inputs)]
    return pairs + [(5, [(1, key), (2, value)]) for key, value in attributes.items()]


def graph_def(**changes):
    """The nodes of a frozen graph: a matrix and a bias. ``changes`` replace nodes by name."""
    one = [(6, 1)]
    matrix = [(1, 1), (2, shape(4, 3)), (4, weights(4, 3).tobytes())]
    bias = [(1, 1), (2, shape(3)), (4, weights(3).tobytes())]
    nodes = {
        "x": node("x", "Placeholder", dtype=one, shape=[(7, shape(-1, 4))]),
        "w": node("w", "Const", dtype=one, value=[(8, matrix)]),
        "b": node("b", "Const", dtype=one, value=[(8, bias)]),
        "m": node("m", "MatMul", ["x", "w"], T=one),
        "y": node("y", "BiasAdd", ["m", "b"], T=one),
    }
    return [(1, each) for each in (nodes | changes).values()]


def saved_model(nodes=None):
    """A ``SavedModel`` with one signature."""

    def tensor(name, *dims):
        return [(1, name), (2, 1), (3, shape(*dims))]

    signature = [
        (1, [(1, "features"), (2, tensor("x:0", -1, 4))]),
        (2, [(1, "scores"), (2, tensor("y:0", -1, 3))]),
        (3, "tensorflow/serving/predict"),
    ]
    described = [(4, "serve"), (5, "2.16.1")]
    meta_graph = [
        (1, described),
        (2, nodes or graph_def()),
        (5, [(1, "serving_default"), (2, signature)]),
    ]
    return [(1, 1), (2, meta_graph)]
