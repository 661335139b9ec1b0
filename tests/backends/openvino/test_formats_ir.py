import re
import subprocess
import sys

import pytest

from wasinn_nb.backends.openvino.formats import inspect
from wasinn_nb.models import builtin_path
from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding, ModelNotFound
from wasinn_nb.nn.types import GraphEncoding, TensorType

IR = GraphEncoding.OPENVINO


def net(layers="", edges="", version="11", more=""):
    return (
        f'<?xml version="1.0"?><net name="n" version="{version}">'
        f"<layers>{layers}</layers><edges>{edges}</edges>{more}</net>"
    ).encode()


def port(number, *dims, precision="FP32", names="", more=""):
    sizes = "".join(f"<dim>{size}</dim>" for size in dims)
    named = f' names="{names}"' if names else ""
    return f'<port id="{number}" precision="{precision}"{named}>{sizes}{more}</port>'


def layer(number, kind, data="", inputs="", outputs="", more=""):
    ends = f"<input>{inputs}</input>" if inputs else ""
    ends += f"<output>{outputs}</output>" if outputs else ""
    return (
        f'<layer id="{number}" name="{kind.lower()}{number}" type="{kind}" version="opset1">'
        f"<data {data}/>{ends}{more}</layer>"
    )


def edge(source, source_port, to, to_port):
    return (
        f'<edge from-layer="{source}" from-port="{source_port}" '
        f'to-layer="{to}" to-port="{to_port}"/>'
    )


def passing(shape="2,3", kind="f32", dims=(2, 3), data=None):
    """Input, ReLU, output."""
    return net(
        layer(0, "Parameter", data or f'shape="{shape}" element_type="{kind}"', "", port(0, *dims))
        + layer(1, "ReLU", "", port(0, *dims), port(1, *dims, names="out,result\\,1"))
        + layer(2, "Result", "", port(0, *dims)),
        edge(0, 0, 1, 0) + edge(1, 1, 2, 0),
    )


def adding(kind="f32", shape="3", offset=0, size=12, dims=(3,)):
    """Input plus a constant."""
    data = f'element_type="{kind}" shape="{shape}" offset="{offset}" size="{size}"'
    return net(
        layer(0, "Parameter", 'shape="3" element_type="f32"', "", port(0, 3))
        + layer(1, "Const", data, "", port(0, *dims))
        + layer(2, "Add", "", port(0, 3) + port(1, *dims), port(2, 3))
        + layer(3, "Result", "", port(0, 3)),
        edge(0, 0, 2, 0) + edge(1, 0, 2, 1) + edge(2, 2, 3, 0),
    )


def read(*parts):
    return inspect(IR, ModelFiles(parts, "the model", IR))


def refusal(*parts, kind=InvalidArgument):
    with pytest.raises(kind) as caught:
        read(*parts)
    assert caught.value.hint
    return caught.value.message


def test_the_digits_model():
    xml = builtin_path("digits").with_suffix(".xml")
    info = read(xml, xml.with_suffix(".bin"))
    assert (info.encoding, info.name, info.quantization) == (IR, "digits", "f32")
    assert info.nbytes == xml.with_suffix(".bin").stat().st_size
    (image,), (scores,) = info.inputs, info.outputs
    assert (image.dims, image.type, image.layout) == ((-1, 1, 8, 8), TensorType.F32, "NCHW")
    assert scores.dims == (-1, 10)
    assert info.metadata["ir_version"] == "11"
    assert read(xml.read_bytes(), xml.with_suffix(".bin").read_bytes()) == info
    assert read(xml) == info  # the weights are found beside it


def test_a_published_model(road):
    info = read(*road)
    assert (info.inputs[0].name, info.inputs[0].dims) == ("data", (1, 3, 512, 896))
    assert info.outputs[0].dims == (1, 4, 512, 896)
    assert info.parameters == 184_294
    assert info.metadata["cli_parameters/data_type"] == "FP32"


def test_names_types_and_dynamic_sizes():
    info = read(passing("?,1..8,5..,..4,-1,7", "bf16", (-1, -1, -1, -1, -1, 7)), b"")
    assert info.inputs[0].dims == (-1, -1, -1, -1, -1, 7)
    assert info.inputs[0].type is TensorType.BF16
    assert (info.outputs[0].name, info.outputs[0].aliases) == ("out", ("result,1",))
    assert read(passing("...", dims=())).inputs[0].dims is None
    assert read(passing("", dims=())).inputs[0].dims == ()


def test_an_element_type_that_tensors_lack_is_not_an_error():
    assert read(passing(kind="u16")).inputs == ()


def test_a_layout_is_told():
    layout = '<rt_info><attribute name="layout" version="0" layout="[N,C,H,W]"/></rt_info>'
    xml = passing().replace(
        b"</port></output></layer>", layout.encode() + b"</port></output></layer>", 1
    )
    assert read(xml).inputs[0].layout == "NCHW"


def test_metadata_is_flat():
    more = (
        '<rt_info><Runtime_version value="2026.4"/><conversion><framework value="onnx"/>'
        "</conversion></rt_info>"
    )
    xml = passing().replace(b"</net>", more.encode() + b"</net>")
    assert read(xml).metadata == {
        "ir_version": "11",
        "Runtime_version": "2026.4",
        "conversion/framework": "onnx",
    }


@pytest.mark.parametrize(("kind", "shape", "size"), [
    ("f32", "3", 12), ("f64", "3", 24), ("f16", "3", 6), ("i64", "3", 24), ("u4", "3", 2),
    ("i4", "3", 2), ("u1", "3", 1), ("nf4", "3", 2), ("boolean", "3", 3), ("f8e4m3", "3", 3),
])  # fmt: skip
def test_sizes_of_constants(kind, shape, size):
    xml = adding(kind=kind, shape=shape, size=size)
    assert read(xml, bytes(size)).nbytes == size
    assert "is cut short" in refusal(xml, bytes(size - 1))
    short = refusal(adding(kind=kind, shape=shape, size=size - 1), bytes(size))
    assert f"has {size - 1:,} bytes" in short
    assert f"takes {size:,}" in short


def test_a_constant_behind_the_end_names_expected_and_given():
    text = refusal(adding(offset=8), bytes(12))
    assert "ends at byte 20" in text
    assert "there are 12 bytes" in text


@pytest.mark.parametrize("changes", [
    {"offset": -1}, {"offset": 2**64}, {"size": 2**63}, {"size": "x"}, {"shape": "-1"},
    {"shape": "2147483648"}, {"shape": "4611686018427387904,4"}, {"shape": "1," * 99 + "1"},
    {"shape": "3,x"}, {"shape": "4"}, {"kind": "f33"}, {"shape": "2,1.5"}, {"dims": (4,)},
    {"dims": (2**62,)}, {"dims": ("",)}, {"dims": (-5,)},
])  # fmt: skip
def test_constants_that_cannot_be(changes):
    refusal(adding(**changes), bytes(64))


@pytest.mark.parametrize("shape", ["0,3", "-5", "2147483648", "65536,65536", "8..4", "nan"])
def test_inputs_that_cannot_be(shape):
    assert "parameter0" in refusal(passing(shape))


def test_graphs_that_cannot_be():
    good = passing().decode()
    loop = good.replace(edge(0, 0, 1, 0), edge(1, 1, 1, 0))
    cases = {
        "form a cycle": loop,
        "no edge leads to input '0'": good.replace(edge(0, 0, 1, 0), ""),
        "two edges lead to input": good.replace("<edges>", "<edges>" + edge(0, 0, 1, 0)),
        "have the id '0'": good.replace('<layer id="1"', '<layer id="0"'),
        "names the layer '9'": good.replace('from-layer="0"', 'from-layer="9"'),
        "names the output '7'": good.replace('from-port="1"', 'from-port="7"'),
        "has no output": good.replace('type="Result"', 'type="ReLU"'),
        "list of layers": re.sub("<layers>.*</layers>", "", good),
        "version '9'": good.replace('version="11"', 'version="9"'),
    }
    for text, xml in cases.items():
        assert text in refusal(xml.encode())


def test_bodies_are_checked_too():
    inner = passing().decode().split("<net", 1)[1].split(">", 1)[1].removesuffix("</net>")
    body = f"<body>{inner}</body>"
    mapped = '<port_map><input external_port_id="0" internal_layer_id="{}"/></port_map>'
    for number, fine in ((0, True), (1, False), (9, False)):
        xml = (
            passing()
            .decode()
            .replace(
                '<data /><input><port id="0" precision="FP32"><dim>2',
                f'{body}{mapped.format(number)}<data /><input><port id="0" precision="FP32"><dim>2',
                1,
            )
        )
        assert "<body>" in xml
        if fine:
            read(xml.encode())
        else:
            assert "port map" in refusal(xml.encode())
    broken = xml.replace(edge(1, 1, 2, 0), "", 1)
    assert "no edge leads" in refusal(broken.encode())


def test_bodies_cannot_nest_without_end():
    xml = passing().decode()
    inner = xml.split("<net", 1)[1].split(">", 1)[1].removesuffix("</net>")
    for _ in range(40):
        inner = inner.replace("<data /><input>", f"<body>{inner}</body><data /><input>", 1)
        if len(inner) > 1 << 20:
            break
    whole = re.sub("<layers>.*</edges>", lambda _: inner, xml)
    assert "deep" in refusal(whole.encode())


def test_xml_that_no_ir_has():
    head, rest = passing().decode().split("?>", 1)
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    for kind in (laughs, '<!ENTITY a11 SYSTEM "file:///etc/passwd">', ""):
        xml = f"{head}?><!DOCTYPE net [{kind}]>{rest}".replace('name="relu1"', 'name="&a11;"')
        assert "document type" in refusal(xml.encode())
    deep = f"{head}?>{rest}".replace("<layers>", "<a>" * 10_000 + "</a>" * 10_000 + "<layers>")
    assert "deep" in refusal(deep.encode())
    assert "line 1" in refusal(passing()[:-3])


@pytest.mark.parametrize(
    "data", [b"", b"GGUF", b"\0" * 99, b"<html></html>", b"<", b"<a><net/></a>"]
)
def test_what_is_not_an_ir(data):
    assert "not an OpenVINO IR" in refusal(data, b"", kind=InvalidEncoding)


def test_parts_are_counted():
    assert "has 3 parts" in refusal(passing(), b"", b"")
    assert "has 0 parts" in refusal()
    assert "1 part" in refusal(adding())
    assert "weights first" in refusal(bytes(12), adding())
    assert read(passing()).outputs


def test_missing_weights_are_named(tmp_path):
    xml = tmp_path / "model.xml"
    xml.write_bytes(adding())
    assert str(tmp_path / "model.bin") in refusal(xml, kind=ModelNotFound)
    assert "no file" in refusal(xml, tmp_path / "other.bin", kind=ModelNotFound)
    assert "no file" in refusal(tmp_path / "none.xml", kind=ModelNotFound)
    assert "is a directory" in refusal(tmp_path, kind=ModelNotFound)
    (tmp_path / "model.bin").write_bytes(bytes(12))
    assert read(xml).nbytes == 12


def test_no_model_library_is_imported():
    code = (
        "import sys, wasinn_nb.backends.openvino.formats; "
        "print([m for m in sys.modules if m.split('.')[0] in ('openvino', 'numpy', 'onnx')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
