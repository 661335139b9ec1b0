"""Tensor models in a notebook: described, run from a cell, read from the run; the real library."""

from __future__ import annotations

import numpy as np
import pytest
from IPython.utils.capture import capture_output
from PIL import Image

import wasinn_nb
from wasinn_nb.models import digits_samples
from wasinn_nb.nn.record import ModelRecord, ModelState

CLASSIFIES = """#include <stdio.h>
#include <wasi_nn_exchange.h>

int main(void) {
    wasi_nn_graph graph;
    wasi_nn_context context;
    wasi_nn_array digit;
    float probabilities[10];
    size_t count;
    if (wasi_nn_check(wasi_nn_load_by_name("digits", 6, &graph), "loading") ||
        wasi_nn_check(wasi_nn_init_execution_context(graph, &context), "opening") ||
        wasi_nn_read_array("digit", &digit) || wasi_nn_set_array(context, 0, &digit) ||
        wasi_nn_check(wasi_nn_compute(context), "computing") ||
        wasi_nn_get_f32(context, 0, probabilities, 10, &count)) {
        fprintf(stderr, "%s\\n", wasi_nn_last_error());
        return 1;
    }
    int best = 0;
    for (int n = 1; n < 10; n++)
        if (probabilities[n] > probabilities[best]) best = n;
    printf("%d", best);
    return 0;
}
"""
INVERTS = """#include <stdio.h>

int main(void) {
    FILE *in = fopen("/in/picture", "rb"), *out = fopen("/out/negative", "wb");
    char described[256];
    int byte;
    while ((byte = getc(in)) != EOF) putc(255 - byte, out);
    fclose(out);
    in = fopen("/in/picture.json", "r"), out = fopen("/out/negative.json", "w");
    fwrite(described, 1, fread(described, 1, sizeof described, in), out);
    return fclose(out);
}
"""


@pytest.fixture
def shell(bare_shell, toolchain_dir):
    """A shell with the extension over this process's own host, empty."""
    bare_shell.run("%load_ext wasinn_nb")
    yield bare_shell
    wasinn_nb.host().close()


def forms(shell, value):
    data, _ = shell.display_formatter.format(value)
    return data["text/plain"], data["text/html"]


def table(text, title):
    """The rows of the table under ``title``."""
    lines = text[text.index(f"\n{title}\n") :].split("\n\n")[0].splitlines()
    return [line.split() for line in lines if line][3:]


def test_a_cell_classifies_and_its_run_holds_the_probabilities(shell):
    images, labels = digits_samples()
    shell.run("%wasinn load digits builtin:digits")
    shell.user_ns["digit"] = images[:1, None].astype("f4") / 16
    with capture_output() as captured:
        shell.run(f"%%wasinn c --in digit\n{CLASSIFIES}")
    assert captured.stdout.strip() == str(labels[0])
    run = shell.user_ns["_wasinn"]
    expected = wasinn_nb.host().infer("digits", shell.user_ns["digit"])["probabilities"]
    np.testing.assert_array_equal(run.tensors["probabilities"], expected, strict=True)
    assert run.tensors[0].shape == (1, 10)
    text, rich = forms(shell, run.tensors)
    assert text.splitlines()[-1].split()[:4] == ["probabilities", "float32", "[1,", "10]"]
    assert f"{expected[0, 0]:.4g}" in text
    assert "<td" in rich
    assert "read probabilities [1, 10]" in forms(shell, run)[0]
    text, rich = forms(shell, run.timeline)
    assert {"guest", "host", "backend", "compute", "set_input"} <= set(text.split())
    assert rich.count("<table") == 2


def test_a_tensor_model_is_described(shell):
    loaded = shell.run("%wasinn load digits builtin:digits --set device=AUTO:CPU")
    text, rich = forms(shell, loaded)
    assert "image: float32 [?, 1, 8, 8]" in text
    assert "probabilities: float32 [?, 10]" in rich
    assert "CPU (asked: AUTO:CPU)" in text
    record = shell.run("%wasinn models digits")
    assert isinstance(record, ModelRecord)
    assert (record.name, record.state) == ("digits", ModelState.LOADED)
    text, rich = forms(shell, record)
    assert table(text, "inputs") == [["0", "image", "float32", "[?,", "1,", "8,", "8]", "NCHW"]]
    assert table(text, "outputs") == [["0", "probabilities", "float32", "[?,", "10]", "NC"]]
    for words in (["device", "CPU"], ["device", "asked", "for", "AUTO:CPU"], ["precision", "f32"]):
        assert words in [line.split() for line in text.splitlines()]
    assert "Apache-2.0" in text
    assert "<details><summary>metadata" in rich
    assert '<th scope="col"' in rich
    assert '<th scope="row"' in rich
    listing = forms(shell, shell.run("%wasinn models"))[0]
    assert "CPU (asked: AUTO:CPU)" in listing


def test_a_model_is_described_before_it_is_loaded(shell):
    shell.run("%wasinn preload digits:OPENVINO:CPU:builtin:digits")
    record = shell.run("%wasinn models digits")
    assert record.state is ModelState.REGISTERED
    text, _ = forms(shell, record)
    assert table(text, "inputs")[0][1] == "image"
    assert ["device", "asked", "for", "cpu"] in [line.split() for line in text.splitlines()]
    assert "loaded" not in text


def test_a_language_model_is_described(shell):
    shell.run("%wasinn load story builtin:tinytales")
    text, rich = forms(shell, shell.run("%wasinn models story"))
    facts = dict(line.strip().split("  ", 1) for line in text.split("\n\n")[0].splitlines()[1:])
    facts = {key: value.strip() for key, value in facts.items()}
    assert facts["architecture"] == "llama"
    assert facts["parameters"] == "3,476,224"
    assert facts["quantisation"] == "Q8_0"
    assert facts["trained context"] == "1,024 tokens"
    assert (facts["layers"], facts["embedding length"], facts["vocabulary"]) == (
        "5",
        "256",
        "2,048",
    )
    info = wasinn_nb.host().describe("story").info
    assert info.chat_template[:100] in text
    assert f"({len(info.chat_template)} characters)" in text
    assert "llama.rope.freq_base" in text
    assert "wasinn." not in rich
    assert "<summary>chat template" in rich
    assert rich.index("general.license") < rich.index("llama.block_count")
    assert rich.index("llama.block_count") < rich.index("tokenizer.ggml.model")
    assert "inputs" not in text


def test_pictures_go_in_and_come_back(shell, tmp_path):
    picture = Image.fromarray(np.arange(48, dtype="u1").reshape(4, 4, 3))
    picture.save(tmp_path / "a.png")
    for value, word in ((picture, "picture"), (tmp_path / "a.png", "$picture")):
        shell.user_ns["picture"] = value
        shell.run(f"%%wasinn c --in {word} --out negative\n{INVERTS}")
        negative = shell.user_ns["negative"]
        assert isinstance(negative, Image.Image)
        np.testing.assert_array_equal(np.asarray(negative), 255 - np.asarray(picture))


def test_backends_say_which_devices_there_are(shell):
    statuses = {status.library: status for status in shell.run("%wasinn backends")}
    openvino = statuses["openvino"]
    assert openvino.version
    listing = shell.run("%wasinn backends")
    row = next(line for line in repr(listing).splitlines() if line.startswith("openvino"))
    assert "CPU (" in row
    assert openvino.detail in listing._repr_html_()
    checks = {check.subject: check for check in shell.run("%wasinn doctor")}
    assert checks["openvino models"].well
    assert f"openvino {openvino.version}; on CPU" in checks["openvino models"].found
