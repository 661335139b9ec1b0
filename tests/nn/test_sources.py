"""From what a user writes to files, and from files to their encoding."""

import io
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.nn.file_server import serving
from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.errors import (
    InvalidArgument,
    InvalidEncoding,
    ModelNotFound,
    NNError,
    UnsupportedOperation,
)
from wasinn_nb.nn.sources import SourceResolver, describe_source, is_remote, sniff
from wasinn_nb.nn.sources.hub import parse_hub
from wasinn_nb.nn.sources.resolver import split_names
from wasinn_nb.nn.types import GraphEncoding


@pytest.fixture
def shipped(tmp_path_factory):
    """Where the built-in models of these tests lie."""
    folder = tmp_path_factory.mktemp("shipped")
    for file in ("tiny.gguf", "net.xml", "net.bin"):
        (folder / file).write_bytes(b"x")
    return folder


@pytest.fixture
def resolver(tmp_path, shipped):
    def builtin(name):
        if name not in {"tiny.gguf", "net.xml"}:
            raise ModelNotFound(f"There is no built-in model {name!r}.")
        return shipped / name

    return SourceResolver(cache_dir=tmp_path / "cache", builtin=builtin)


@pytest.fixture
def models(tmp_path):
    """A directory with one model of each kind in a directory of its own."""
    for name, files in {
        "ir": ["net.xml", "net.bin", "notes.xml"],
        "gguf": ["a.gguf"],
        "split": ["b-00001-of-00002.gguf", "b-00002-of-00002.gguf", "mmproj-b.gguf"],
        "two": ["c.gguf", "d.gguf"],
        "mixed": ["e.gguf", "f.tflite"],
        "empty": ["readme.txt"],
        "tf": ["saved_model.pb"],
    }.items():
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).write_bytes(b"x")
    return tmp_path


def names(files):
    return [part.name for part in files.parts]


def test_files_and_what_belongs_to_them(resolver, models):
    assert names(resolver.resolve(str(models / "gguf" / "a.gguf"))) == ["a.gguf"]
    assert names(resolver.resolve(models / "ir" / "net.xml")) == ["net.xml", "net.bin"]
    both = f"{models}/ir/net.xml, {models}/ir/net.bin"
    assert names(resolver.resolve(both)) == ["net.xml", "net.bin"]
    pair = (str(models / "ir" / "net.xml"), str(models / "ir" / "net.bin"))
    assert names(resolver.resolve(pair)) == ["net.xml", "net.bin"]


def test_two_paths_joined_by_a_comma(resolver, models):
    (models / "one.xml").write_bytes(b"x")
    (models / "other.bin").write_bytes(b"x")
    source = f"{models}/one.xml,{models}/other.bin"
    assert names(resolver.resolve(source)) == ["one.xml", "other.bin"]
    assert resolver.resolve(source).origin == source


def test_a_comma_in_a_name(resolver, models):
    (models / "a,b.gguf").write_bytes(b"x")
    assert names(resolver.resolve(f"{models}/a,b.gguf")) == ["a,b.gguf"]


@pytest.mark.parametrize(
    ("folder", "encoding", "expected"),
    [
        ("ir", GraphEncoding.AUTODETECT, ["net.xml", "net.bin"]),
        ("ir", GraphEncoding.OPENVINO, ["net.xml", "net.bin"]),
        ("gguf", GraphEncoding.GGML, ["a.gguf"]),
        ("split", GraphEncoding.AUTODETECT, ["b-00001-of-00002.gguf"]),
        ("mixed", GraphEncoding.GGML, ["e.gguf"]),
        ("mixed", GraphEncoding.TENSORFLOWLITE, ["f.tflite"]),
        ("tf", GraphEncoding.AUTODETECT, ["tf"]),
    ],
)
def test_a_directory_with_one_model(resolver, models, folder, encoding, expected):
    assert names(resolver.resolve(models / folder, encoding=encoding)) == expected


def test_a_directory_without_a_single_model(resolver, models):
    with pytest.raises(InvalidArgument, match=r"holds 2 models: c\.gguf, d\.gguf"):
        resolver.resolve(str(models / "two"))
    with pytest.raises(InvalidArgument, match=r"e\.gguf, f\.tflite"):
        resolver.resolve(str(models / "mixed"))
    with pytest.raises(ModelNotFound, match=r"no \.gguf file"):
        resolver.resolve(models / "empty", encoding=GraphEncoding.GGML)
    with pytest.raises(ModelNotFound, match="There are some in gguf, mixed"):
        resolver.resolve(models, encoding=GraphEncoding.GGML)


def test_home_and_variables(resolver, models, monkeypatch):
    monkeypatch.setenv("HOME", str(models))
    monkeypatch.setenv("MODELS", str(models / "gguf"))
    assert names(resolver.resolve("~/gguf/a.gguf")) == ["a.gguf"]
    assert names(resolver.resolve("$MODELS/a.gguf")) == ["a.gguf"]
    assert names(resolver.resolve("${MODELS}")) == ["a.gguf"]
    monkeypatch.delenv("MODELS")
    with pytest.raises(InvalidArgument, match="MODELS"):
        resolver.resolve("$MODELS/a.gguf")
    (models / "a$MODELS.gguf").write_bytes(b"x")
    assert names(resolver.resolve(f"{models}/a$MODELS.gguf")) == ["a$MODELS.gguf"]


def test_missing_files_suggest_the_nearest(resolver, models, monkeypatch):
    with pytest.raises(ModelNotFound, match=r"Did you mean a\.gguf"):
        resolver.resolve(models / "gguf" / "aa.gguf")
    with pytest.raises(ModelNotFound, match="no directory"):
        resolver.resolve(models / "absent" / "a.gguf")
    monkeypatch.chdir(models)
    with pytest.raises(ModelNotFound, match="current directory is"):
        resolver.resolve("nothing.gguf")


def test_links_that_lead_nowhere(resolver, tmp_path):
    links = {"a": "b", "b": "a", "c": "nothing"}
    for name, target in links.items():
        (tmp_path / f"{name}.gguf").symlink_to(f"{target}.gguf")
    for name in links:
        with pytest.raises(ModelNotFound, match="leads nowhere"):
            resolver.resolve(tmp_path / f"{name}.gguf")


@pytest.mark.parametrize("source", [5, None, ["a.gguf", "b.gguf"], ("a.gguf", 5)])
def test_what_is_no_source_is_told(resolver, source):
    with pytest.raises(InvalidArgument, match="cannot be a"):
        resolver.resolve(source)


@pytest.mark.parametrize("name", ["x" * 5000, "x" * 5000 + ",y", "\ud800", "a\0b", "file:///\0"])
def test_names_that_no_file_can_have(resolver, name):
    for source in (name, Path(name)):
        with pytest.raises((ModelNotFound, InvalidArgument)) as caught:
            resolver.resolve(source)
        assert len(str(caught.value).encode()) < 600


def test_bytes_and_tuples(resolver, models):
    assert resolver.resolve(b"GGUF").parts == (b"GGUF",)
    assert resolver.resolve(bytearray(b"GGUF")).parts == (b"GGUF",)
    mixed = resolver.resolve((b"<net>", models / "ir" / "net.bin"))
    assert mixed.parts == (b"<net>", models / "ir" / "net.bin")
    assert mixed.origin.startswith("5 bytes given as bytes,")
    with pytest.raises(InvalidArgument, match="empty"):
        resolver.resolve(b"")
    for nothing in ("", (), " "):
        with pytest.raises(InvalidArgument, match="empty"):
            resolver.resolve(nothing)


def test_builtin_models_and_what_belongs_to_them(resolver, shipped):
    assert resolver.resolve("builtin:tiny.gguf").parts == (shipped / "tiny.gguf",)
    assert resolver.resolve("builtin:net.xml").parts == (shipped / "net.xml", shipped / "net.bin")
    other = resolver.resolve(("builtin:net.xml", b"weights")).parts
    assert other == (shipped / "net.xml", b"weights")
    with pytest.raises(ModelNotFound, match="no built-in model 'huge'"):
        resolver.resolve("builtin:huge")


def test_file_addresses(resolver, models):
    assert names(resolver.resolve((models / "gguf" / "a.gguf").as_uri())) == ["a.gguf"]
    with pytest.raises(ModelNotFound, match="another machine"):
        resolver.resolve("file://elsewhere/a.gguf")


@pytest.mark.parametrize("source", ["ftp://host/a.gguf", "s3://bucket/a.gguf", "ssh://h/a"])
def test_other_schemes_are_refused(resolver, source):
    with pytest.raises(InvalidArgument, match="is not a source of models"):
        resolver.resolve(source)


def test_what_is_remote():
    assert is_remote("hf:a/b/c.gguf")
    assert is_remote("HTTPS://host/a")
    assert is_remote((b"x", "https://host/a"))
    for local in ("a.gguf", "C:\\a.gguf", "builtin:x", b"https:", Path("hf:a"), "file:///a"):
        assert not is_remote(local)


def test_addresses_are_shown_without_secrets():
    shown = describe_source("https://me:word@host/dir/m.gguf?token=secret#sha256=00")
    assert shown == "https://host/dir/m.gguf"


def test_a_download_and_its_parts(resolver):
    with serving(b"GGUF" + bytes(100)) as server:
        url = f"{server.base}/m/model-00001-of-00003.gguf"
        files = resolver.resolve(url)
        assert [path for path, _ in server.requests] == [
            f"/m/model-0000{n}-of-00003.gguf" for n in (1, 2, 3)
        ]
    beside = {path.name for path in files.parts[0].parent.glob("*.gguf")}
    assert beside == {f"model-0000{n}-of-00003.gguf" for n in (1, 2, 3)}
    assert names(files) == ["model-00001-of-00003.gguf"]
    assert files.origin == url


def test_split_names_keep_what_follows():
    assert split_names("hf:a/b/m-00001-of-00002.gguf@main") == [
        "hf:a/b/m-00001-of-00002.gguf@main",
        "hf:a/b/m-00002-of-00002.gguf@main",
    ]
    assert split_names("https://h/m-00001-of-00002.gguf?x=1#sha256=ab") == [
        "https://h/m-00001-of-00002.gguf?x=1#sha256=ab",
        "https://h/m-00002-of-00002.gguf?x=1",
    ]
    assert split_names("https://h/m-00002-of-00002.gguf") == ["https://h/m-00002-of-00002.gguf"]
    with pytest.raises(InvalidArgument, match="99999 parts"):
        split_names("hf:a/b/m-00001-of-99999.gguf")


def test_names_on_the_hub():
    file = parse_hub("hf:org/repo/dir/model.gguf@v1.0")
    assert (file.repository, file.name, file.revision) == ("org/repo", "dir/model.gguf", "v1.0")
    assert parse_hub("hf:org/repo/m.gguf").revision is None
    for bad in ("hf:", "hf:org/repo", "hf:org/repo/", "hf:a/b/c@", "hf:a/b/../c", "hf://a"):
        with pytest.raises(InvalidArgument, match="ORG/REPO/FILE"):
            parse_hub(bad)


def test_without_the_hub_package_the_command_is_told(resolver, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UnsupportedOperation, match="%pip install huggingface_hub"):
        resolver.resolve("hf:org/repo/model.gguf")


@given(st.text(max_size=60) | st.text(st.characters(exclude_categories=[]), min_size=1))
def test_any_text_is_files_or_an_error(text):
    def builtin(name):
        raise ModelNotFound(name)

    if is_remote(text):
        return
    try:
        files = SourceResolver(cache_dir=Path("unused"), builtin=builtin).resolve(text)
    except NNError as error:
        assert str(error)  # noqa: PT017
    else:
        assert files.parts


def archive(*members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for member in members:
            # Tests are named after these bytes: an archive's clock must stand still.
            file.writestr(zipfile.ZipInfo(member), b"x")
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"GGUF\3\0\0\0", GraphEncoding.GGML),
        (b'<?xml version="1.0"?>\n<net name="m" version="11">', GraphEncoding.OPENVINO),
        (b'\xef\xbb\xbf <net name="m">', GraphEncoding.OPENVINO),
        (b"\x1c\0\0\0TFL3\0\0", GraphEncoding.TENSORFLOWLITE),
        (b"\x08\x08\x12\x07pytorch", GraphEncoding.ONNX),
        (b"\x08\x0a\x3a\x80\x01", GraphEncoding.ONNX),
        (b"\x08\x01\x12\x90\x05", GraphEncoding.TENSORFLOW),
        (archive("archive/data.pkl", "archive/version"), GraphEncoding.PYTORCH),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", GraphEncoding.PYTORCH),
    ],
)
def test_encodings_are_seen(tmp_path, data, encoding):
    assert sniff(ModelFiles((data,), "x")) is encoding
    path = tmp_path / "model"
    path.write_bytes(data)
    assert sniff(ModelFiles((path,), "x")) is encoding


def test_the_order_of_parts_does_not_matter():
    assert sniff(ModelFiles((bytes(64), b"<net>"), "x")) is GraphEncoding.OPENVINO


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty. Download or copy it again."),
        (b"lmgg\1\0\0\0", "Convert the model to GGUF"),
        (b"\x89HDF\r\n", "Keras"),
        (b"\xff\xd8\xff\xdb", "a JPEG picture. A guest gets it with --in."),
        (b"\x89PNG\r\n", "a PNG picture. A guest gets it with --in."),
        (b'\x10\0\0\0\0\0\0\0{"a":1}', "safetensors"),
        (b"<!DOCTYPE html>", "web page"),
        (b"<?xml version='1.0'?><svg>", "not an OpenVINO model"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (archive("readme.txt"), "zip archive"),
        (archive("readme.txt")[:40], "damaged zip"),
        (b"\0" * 16, "begins with"),
    ],
)
def test_what_cannot_be_told_is_described(data, words):
    with pytest.raises(InvalidEncoding) as caught:
        sniff(ModelFiles((data,), "the file"))
    assert words in str(caught.value)
    assert "the file" in str(caught.value)


def test_a_saved_model_directory(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert sniff(ModelFiles((tmp_path,), "x")) is GraphEncoding.TENSORFLOW


@given(st.binary(max_size=200))
def test_any_bytes_have_an_encoding_or_an_error(data):
    try:
        assert sniff(ModelFiles((data,), "x")) in GraphEncoding
    except InvalidEncoding as error:
        assert error.message  # noqa: PT017
