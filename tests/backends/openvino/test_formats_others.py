import io
import json
import zipfile

import pytest

from tests.backends.openvino.protobuf_writer import message
from tests.backends.openvino.samples import graph_def, node, saved_model, shape
from wasinn_nb.backends.openvino.formats import inspect
from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding, ModelNotFound
from wasinn_nb.nn.types import GraphEncoding, TensorType

TENSORFLOW, PYTORCH = GraphEncoding.TENSORFLOW, GraphEncoding.PYTORCH


def read(encoding, *parts):
    return inspect(encoding, ModelFiles(parts, "the model", encoding))


def refusal(encoding, *parts, kind=InvalidArgument):
    with pytest.raises(kind) as caught:
        read(encoding, *parts)
    assert caught.value.hint
    return caught.value.message


def test_other_encodings_are_refused():
    assert "ggml" in refusal(GraphEncoding.GGML, b"", kind=InvalidEncoding)


# ---------------------------------------------------------------- TensorFlow


def test_a_frozen_graph(tmp_path):
    data = message(graph_def())
    info = read(TENSORFLOW, data)
    assert (info.encoding, info.parameters, info.quantization) == (TENSORFLOW, 15, "f32")
    assert [(s.name, s.dims, s.type) for s in info.inputs] == [("x", (-1, 4), TensorType.F32)]
    path = tmp_path / "m.pb"
    path.write_bytes(data)
    assert read(TENSORFLOW, path) == info


def test_openvino_reads_the_same_graph(tmp_path):
    openvino = pytest.importorskip("openvino")
    path = tmp_path / "m.pb"
    path.write_bytes(message(graph_def()))
    model = openvino.Core().read_model(str(path))
    assert [i.any_name for i in model.inputs] == ["x:0"] or model.inputs[0].names >= {"x"}


@pytest.mark.parametrize(("changes", "text"), [
    ({"y": node("y", "BiasAdd", ["m", "zz"])}, "'zz', which is not there"),
    ({"w": node("w", "MatMul", ["m", "b"])}, "cycle"),
    ({"y": node("b", "BiasAdd", ["m", "w"])}, "two nodes have the name 'b'"),
    ({"y": node("y", "", ["m"])}, "no operator"),
    ({"y": node("y", "VarHandleOp")}, "variables"),
    ({"y": node("y", "NextIteration")}, "no input"),
    ({"b": node("b", "Const", value=[(8, [(1, 1), (2, shape(3)), (4, bytes(8))])])}, "8 bytes"),
    ({"b": node("b", "Const", value=[(8, [(1, 1), (2, shape(-1)), (4, b"")])])}, "unknown"),
    ({"b": node("b", "Const", value=[(8, [(1, 1), (2, shape(2**62, 9))])])}, "'b'"),
    ({"x": node("x", "Placeholder", dtype=[(6, 1)], shape=[(7, shape(-7))])}, "-7"),
])  # fmt: skip
def test_frozen_graphs_that_cannot_be(changes, text):
    assert text in refusal(TENSORFLOW, message(graph_def(**changes)))


def test_the_way_back_in_a_loop_is_no_cycle():
    changes = {"n": node("n", "NextIteration", ["y"]), "w": node("w", "Merge", ["b", "n"])}
    read(TENSORFLOW, message(graph_def(**changes)))


@pytest.mark.parametrize("data", [b"", b"GGUF", b"\xff" * 30, b"<html>"])
def test_what_is_not_a_frozen_graph(data):
    refusal(TENSORFLOW, data, kind=InvalidEncoding)


def test_a_saved_model(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(message(saved_model()))
    info = read(TENSORFLOW, tmp_path)
    assert [(s.name, s.dims) for s in info.inputs] == [("features", (-1, 4))]
    assert [(s.name, s.dims) for s in info.outputs] == [("scores", (-1, 3))]
    assert info.metadata == {"tags": "serve", "tensorflow_version": "2.16.1"}
    assert str(tmp_path) in _hint(tmp_path / "saved_model.pb")
    assert "its directory" in _hint((tmp_path / "saved_model.pb").read_bytes())


def _hint(part):
    with pytest.raises(InvalidArgument) as caught:
        read(TENSORFLOW, part)
    return caught.value.hint


def test_a_saved_model_without_its_weights(tmp_path):
    nodes = graph_def(w=node("w", "VarHandleOp"))
    (tmp_path / "saved_model.pb").write_bytes(message(saved_model(nodes)))
    assert "variables.index" in refusal(TENSORFLOW, tmp_path, kind=ModelNotFound)
    (tmp_path / "variables").mkdir()
    for name in ("variables.index", "variables.data-00000-of-00001"):
        (tmp_path / "variables" / name).write_bytes(b"0")
    assert read(TENSORFLOW, tmp_path).nbytes > 2
    (tmp_path / "saved_model.pb").unlink()
    assert "saved_model.pb" in refusal(TENSORFLOW, tmp_path, kind=ModelNotFound)


# ---------------------------------------------------------------- PyTorch


def archive(*names, compression=zipfile.ZIP_STORED, **contents):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as file:
        for name in names:
            file.writestr(name, contents.get(name.rsplit("/", 1)[-1].split(".")[0], b"0"))
    return data.getvalue()


SCRIPT = ("net/data.pkl", "net/code/__torch__.py", "net/constants.pkl", "net/version")
EXPORTED = ("net/models/model.json", "net/archive_format")


def test_a_torchscript_archive(tmp_path):
    data = archive(*SCRIPT, version=b"3\n")
    info = read(PYTORCH, data)
    assert (info.encoding, info.name) == (PYTORCH, "net")
    assert info.metadata == {"format": "TorchScript", "version": "3"}
    path = tmp_path / "m.pt"
    path.write_bytes(data)
    assert read(PYTORCH, path) == info


def test_an_exported_program():
    program = json.dumps({"graph_module": {}}).encode()
    info = read(PYTORCH, archive(*EXPORTED, model=program))
    assert info.metadata["format"] == "ExportedProgram"
    assert "not an exported program" in refusal(PYTORCH, archive(*EXPORTED, model=b"[]"))
    assert "broken" in refusal(PYTORCH, archive(*EXPORTED, model=b"{"))
    assert "deep" in refusal(PYTORCH, archive(*EXPORTED, model=b"[" * 200_000))


def test_weights_alone_are_no_model():
    assert "no graph" in refusal(PYTORCH, archive("net/data.pkl", "net/version"))
    assert "no graph" in refusal(PYTORCH, b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.more")
    refusal(PYTORCH, archive("a.txt"), kind=InvalidEncoding)
    refusal(PYTORCH, b"GGUF", kind=InvalidEncoding)
    refusal(PYTORCH, b"", kind=InvalidEncoding)


def test_archives_that_expand_or_escape():
    big = {"data": bytes(1 << 24)}
    bomb = archive(*SCRIPT, compression=zipfile.ZIP_DEFLATED, **big)
    assert "expand" in refusal(PYTORCH, bomb)
    for name in ("../../evil", "/evil"):
        assert "unsafe" in refusal(PYTORCH, archive(*SCRIPT, name))


def test_broken_archives():
    data = archive(*SCRIPT)
    for size in range(8, len(data), 13):
        refusal(PYTORCH, data[:size])
