"""With several backends: whose settings apply to a model, and when that can be known."""

from __future__ import annotations

import pytest

from tests.support.echo_backend import EchoBackend
from wasinn_nb.nn.backend import ModelInfo
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.settings import Schema, Scope, Setting
from wasinn_nb.nn.sources import SourceResolver, encoding_of_name
from wasinn_nb.nn.types import GraphEncoding


class PictureBackend(EchoBackend):
    name = "picture"
    encodings = (GraphEncoding.ONNX, GraphEncoding.OPENVINO)
    needs_files = False

    def schema(self):
        return Schema([Setting("tint", "int", Scope.MODEL, 0, "a colour", minimum=0)])

    def inspect(self, files):
        return ModelInfo(files.encoding, architecture="picture")


class Fetches:
    """Stands for the network; remembers what was asked of it."""

    def __init__(self, folder):
        self.folder, self.asked = folder, []

    def fetch(self, address, **_):
        self.asked.append(address)
        path = self.folder / "fetched"
        path.write_bytes(b"\x08\x08\x12\x04test")
        return path


@pytest.fixture
def network(tmp_path):
    return Fetches(tmp_path)


@pytest.fixture
def registry(tmp_path, network):
    resolver = SourceResolver(cache_dir=tmp_path, builtin=str, downloader=network)
    return ModelRegistry({"echo": EchoBackend(), "picture": PictureBackend()}, resolver)


@pytest.mark.parametrize(
    ("source", "encoding"),
    [
        ("hf:org/repo/deep/model.Q4.gguf@main", "ggml"),
        ("https://host.example/a/model.onnx?download=1#sha256=00", "onnx"),
        ("https://host.example/m.xml,https://host.example/m.bin", "openvino"),
        (("hf:org/repo/m.xml", "hf:org/repo/m.bin"), "openvino"),
        ("https://host.example/download?id=7", "autodetect"),
        ("https://host.example", "autodetect"),
        (b"GGUF", "autodetect"),
        ("", "autodetect"),
    ],
)
def test_what_a_name_suggests(source, encoding):
    assert encoding_of_name(source) == encoding


def test_a_remote_models_settings_are_told_from_its_address(registry, network):
    with pytest.raises(InvalidArgument, match="tint"):
        registry.register("chat", "https://host.example/m.gguf", config={"tint": 1})
    registry.register("chat", "https://host.example/m.gguf", config={"window": 8})
    registry.pin("chat", {"limit": 3})
    assert registry.config("chat")["limit"] == 3
    assert not network.asked


def test_an_address_that_tells_nothing_is_fetched_when_settings_are_asked_for(registry, network):
    registry.register("net", "https://host.example/download?id=7", config={"tint": 1})
    assert not network.asked
    assert registry.config("net")["tint"] == 1
    assert len(network.asked) == 1


def test_what_is_in_a_file_wins_over_its_name(registry, network):
    registry.register("net", "https://host.example/m.gguf")
    assert "window" in registry.schema("net")
    registry.pin("net", {"window": 8})
    with pytest.raises(InvalidArgument, match="window"):  # the pin was for another backend
        registry.load("net")
    assert "tint" in registry.schema("net")


def test_a_local_models_settings_are_told_from_its_bytes(registry, tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"<?xml version='1.0'?><net name='x'/>")
    with pytest.raises(InvalidArgument, match="window"):
        registry.register("net", path, config={"window": 8})
    registry.register("net", path, config={"tint": 8})
    assert registry.describe("net").info is None
    info = registry.describe("net", look=True).info
    assert info is not None
    assert info.encoding is GraphEncoding.OPENVINO


def test_looking_at_a_model_that_is_not_here_fetches_nothing(registry, network):
    registry.register("net", "https://host.example/m.onnx")
    assert registry.describe("net", look=True).info is None
    assert not network.asked
