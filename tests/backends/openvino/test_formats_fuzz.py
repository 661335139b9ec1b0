"""Whatever a file contains, reading it ends soon, and with a description or an error in words."""

import functools
import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx")

from tests.backends.openvino import samples
from tests.backends.openvino.protobuf_writer import message
from wasinn_nb.backends.openvino.formats import inspect
from wasinn_nb.models import builtin_path
from wasinn_nb.nn.backend import ModelFiles, ModelInfo
from wasinn_nb.nn.errors import NNError
from wasinn_nb.nn.types import GraphEncoding

ENCODINGS = [
    GraphEncoding.OPENVINO,
    GraphEncoding.ONNX,
    GraphEncoding.TENSORFLOWLITE,
    GraphEncoding.TENSORFLOW,
    GraphEncoding.PYTORCH,
]
MAGIC = st.sampled_from(
    [b"", b"<net ", b"<?xml ", b"\x08\x08\x3a", b"\x20\0\0\0TFL3", b"\x0a\x04\x0a", b"PK\3\4"]
)


def torchscript():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name in ("n/data.pkl", "n/code/__torch__.py", "n/constants.pkl", "n/version"):
            file.writestr(name, "3")
    return data.getvalue()


@functools.cache
def valid() -> dict[GraphEncoding, tuple[bytes, ...]]:
    """A model of each encoding, as its parts."""
    xml = builtin_path("digits").with_suffix(".xml")
    ir = xml.read_bytes(), xml.with_suffix(".bin").read_bytes()
    onnx = samples.onnx_branches().SerializeToString()
    tflite = samples.packed(samples.tflite_convolution())
    frozen = message(samples.graph_def())
    return dict(zip(ENCODINGS, (ir, (onnx,), (tflite,), (frozen,), (torchscript(),)), strict=True))


def check(encoding, parts):
    refused = None
    try:
        info = inspect(encoding, ModelFiles(tuple(parts), "the model", encoding))
    except NNError as error:
        refused = error
    if refused is None:
        assert isinstance(info, ModelInfo)
        assert info.parameters >= 0
    else:
        assert 20 < len(refused.message) < 1000
        assert refused.hint


def test_the_valid_models_are_valid():
    for encoding, parts in valid().items():
        assert inspect(encoding, ModelFiles(parts, "the model", encoding)).encoding is encoding


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.binary(max_size=300), magic=MAGIC, second=st.booleans())
@settings(max_examples=150)
def test_arbitrary_bytes(encoding, data, magic, second):
    check(encoding, (magic + data, b"") if second else (magic + data,))


@st.composite
def edits(draw) -> Callable[[bytes], bytes]:
    """A few changes of a file: bytes replaced, removed, inserted, moved; the end cut off."""
    changes = draw(
        st.lists(
            st.tuples(
                st.sampled_from(("replace", "remove", "insert", "copy", "cut", "word")),
                st.floats(0, 1),
                st.binary(min_size=1, max_size=12),
                st.sampled_from((0, 1, 0x7F, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)),
            ),
            min_size=1,
            max_size=4,
        )
    )

    def edit(data: bytes) -> bytes:
        for kind, place, noise, word in changes:
            at = int(place * max(0, len(data) - 4))
            if kind == "replace":
                data = data[:at] + noise + data[at + len(noise) :]
            elif kind == "remove":
                data = data[:at] + data[at + len(noise) :]
            elif kind == "insert":
                data = data[:at] + noise + data[at:]
            elif kind == "copy":
                data = data[:at] + data[at // 2 : at // 2 + 40] + data[at:]
            elif kind == "word":
                at -= at % 4
                data = data[:at] + word.to_bytes(4, "little") + data[at + 4 :]
            elif place < 0.2:
                data = data[:at]
        return data

    return edit


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(edit=edits())
@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
def test_changed_models(encoding, edit):
    first, *others = valid()[encoding]
    check(encoding, (edit(first), *others))


@given(text=st.text(max_size=40), number=st.integers(-(2**70), 2**70))
@settings(max_examples=200)
@example(text="&a;", number=0)
@example(text="\0", number=2**63)
@example(text="-", number=-1)
def test_changed_values_in_an_ir(text, number):
    xml, weights = valid()[GraphEncoding.OPENVINO]
    for old in (b'size="576"', b'offset="0"', b"<dim>8</dim>", b'shape="16, 1, 3, 3"', b'id="3"'):
        for new in (text, str(number)):
            name = old.split(b'"')[0] if b'"' in old else b"<dim>"
            value = new.encode("utf-8", "surrogatepass")
            end = b'"' if b'"' in old else b"</dim>"
            start = name + b'"' if b'"' in old else name
            check(GraphEncoding.OPENVINO, (xml.replace(old, start + value + end, 1), weights))


@given(number=st.integers(-(2**63), 2**64 - 1), place=st.integers(0, 2**16))
@settings(max_examples=200)
def test_changed_numbers_in_a_protocol_buffer(number, place):
    nodes = samples.graph_def()
    at = place % 5
    shaped = samples.shape(number, 4)
    nodes[at] = (1, samples.node(f"n{at}", "Placeholder", shape=[(7, shaped)], dtype=[(6, number)]))
    check(GraphEncoding.TENSORFLOW, (message(nodes),))
