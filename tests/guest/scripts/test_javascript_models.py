"""JavaScript cells and the models of the kernel."""

from __future__ import annotations

import numpy as np
import pytest

from wasinn_nb.guest.errors import GuestRaised


def test_tensors(js, host):
    run = js("""
const graph = wasi_nn.Graph.load("digits");
const image = new wasi_nn.Tensor(new Float32Array(64), [1, 1, 8, 8]);
const { probabilities } = graph.compute({ image });
print(graph.info.encoding, probabilities.type, probabilities.shape, probabilities.argmax());""")
    assert run.stdout.startswith("openvino FP32 [1, 10] ")
    assert run.tensors["probabilities"].shape == (1, 10)
    assert int(np.argmax(run.tensors["probabilities"])) == int(run.stdout.split()[-1])
    assert not host.registry.describe("digits").users


def test_what_tensors_are_made_of(js):
    run = js("""
const { Tensor } = wasi_nn;
const t = new Tensor([[1, 2], [3, 4]]);
print(t.type, t.shape, [...t], new Tensor(new BigInt64Array(2)).type);
print(new Tensor([1, 2], [2, 1], "I64").data, new Tensor(new Uint8Array(8), [2], "FP32").shape);
for (const given of [[[1], [2]], ["x"], [[1], [1], "X"]])
  try { new Tensor(...given) } catch (error) { print(error.name) }""")
    assert run.stdout.split("\n")[:-1] == [
        "FP32 [2, 2] [1, 2, 3, 4] I64",
        "BigInt64Array(2) [1n, 2n] [2]",
        "RangeError",
        "TypeError",
        "TypeError",
    ]


def test_a_generation_is_read_token_by_token(js):
    run = js("""
const graph = wasi_nn.Graph.load("story", { temperature: 0, seed: 1 });
let text = "";
const stream = graph.generate("Once upon", { maxTokens: 8 });
for (const token of stream) {
  text += token.text;
  if (!(token.bytes.length && token.id >= 0)) exit(1);
}
const { generatedTokens, finish } = stream.usage;
print(text.length > 0, generatedTokens, finish);
print(graph.generate("Once upon", { maxTokens: 8 }).text() === text);
const left = graph.generate("Once upon");
for (const token of left) break;
print(left.usage.generatedTokens, [...left].length);""")
    assert run.stdout.split("\n")[:-1] == ["true 8 length", "true", "1 0"]
    assert run.tokens >= 17


def test_a_token_can_be_a_part_of_a_character(js):
    run = js("""
const story = wasi_nn.Graph.load("story", { grammar: 'root ::= "a \u00e9\u4f60"' });
for (const logProbabilities of [false, true]) {
  const tokens = [...story.generate("Once", { logProbabilities })];
  const bytes = new Uint8Array(tokens.flatMap((one) => [...one.bytes]));
  print(new TextDecoder().decode(bytes), tokens.map((one) => one.text).join(""));
  print(tokens.some((one) => new TextEncoder().encode(one.text).length !== one.bytes.length));
  print([...new Set(tokens.map((one) => typeof one.logProbability))]);
}""")
    assert run.stdout.split("\n")[:-1] == [
        *("a é你 a é你", "true", '["object"]'),
        *("a é你 a é你", "true", '["number"]'),
    ]


def test_generations_are_read_in_turns(js):
    run = js("""
const story = wasi_nn.Graph.load("story", { temperature: 0 });
const begun = (text) => story.generate(text, { maxTokens: 6 });
const alone = [begun("Once").text(), begun("The dog").text()];
const [first, second] = [begun("Once"), begun("The dog")];
const texts = ["", ""];
for (const token of first) {
  texts[0] += token.text;
  texts[1] += second.next().value.text;
}
print(texts[0] === alone[0], texts[1] === alone[1], second.next().done, first.next().done);""")
    assert run.stdout == "true true true true\n"


def test_what_a_loop_over_tokens_prints_is_all_there(js):
    with pytest.raises(GuestRaised) as caught:
        js("""
const story = wasi_nn.Graph.load("story");
for (const token of story.generate("Once", { maxTokens: 3 })) {
  write("a");
  console.error("b");
}
print("c");
for (const token of story.generate("Once", { maxTokens: 3 })) {
  write("d");
  throw new Error("wrong");
}""")
    assert (caught.value.run.stdout, caught.value.run.stderr) == ("aaac\nd", "b\nb\nb\n")


def test_chat_embeddings_and_stop_texts(js):
    run = js("""
const graph = wasi_nn.Graph.load("story");
const vector = graph.embed("a goose");
print(vector.length, Math.abs(Math.hypot(...vector) - 1) < 1e-3);
print(graph.chat("hello", { maxTokens: 4 }).text().length > 0);
print(graph.chat([{ role: "user", content: "hello" }], { maxTokens: 4 }).text().length > 0);
const logs = graph.generate("Once", { maxTokens: 2, logProbabilities: true });
print([...logs].every((token) => token.logProbability <= 0));""")
    assert run.stdout == "256 true\ntrue\ntrue\ntrue\n"


def test_errors_are_classes_with_codes(js):
    run = js("""
const { Graph, NNError, NotFound, InvalidArgument, Tensor } = wasi_nn;
function caught(call) {
  try { call() } catch (error) {
    print(error.name, error.code, error instanceof NNError, error instanceof Error);
    return error;
  }
}
print(caught(() => Graph.load("nope")) instanceof NotFound);
const digits = Graph.load("digits");
caught(() => digits.compute({ other: new Tensor([1]) }));
caught(() => digits.generate("x"));
const story = Graph.load("story");
const long = caught(() => story.generate("word ".repeat(3000)));
print(long.actual > long.limit);""")
    assert run.stdout.split("\n")[:-1] == [
        "NotFound not-found true true",
        "true",
        "InvalidArgument invalid-argument true true",
        "UnsupportedOperation unsupported-operation true true",
        "PromptTooLong prompt-too-long true true",
        "true",
    ]
    with pytest.raises(GuestRaised, match=r"NotFound \[not-found\].*'?nope") as error:
        js("\nwasi_nn.Graph.load('nope')")
    assert error.value.line == 3


@pytest.mark.parametrize(
    "call",
    [
        "story.chat()",
        "story.chat([{ role: 'user' }])",
        "story.generate()",
        "story.generate('x', { maxTokens: '5' })",
        "story.generate('x', { maxTokens: -1 })",
        "story.generate('x', { stop: 5 })",
        "story.generate('x', 5)",
        "story.embed(5)",
        "story.context({ nPredict: 1.5 })",
        "wasi_nn.Graph.load()",
        "wasi_nn.Graph.load('story', 'hot')",
        "wasi_nn.Graph.load('digits').compute()",
        "new wasi_nn.Tensor([1, 2], [-1, -2])",
        "new wasi_nn.Tensor([1, 2], '12')",
        "wasi_nn.output(5, 'x')",
    ],
)
def test_a_value_of_a_wrong_type_is_an_error_of_the_cell(js, call):
    run = js(f"""
const story = wasi_nn.Graph.load("story");
try {{ {call} }} catch (error) {{ print(error.name) }}""")
    assert run.stdout in {"TypeError\n", "RangeError\n"}


def test_a_generation_may_have_settings_of_its_own(js):
    run = js("""
const story = new wasi_nn.Graph("story", { temperature: 0 });
const text = (settings) => story.generate("Once", { maxTokens: 12, ...settings }).text();
const usual = text();
print(text({ temperature: 3, seed: 7 }) !== usual, text() === usual);""")
    assert run.stdout == "true true\n"


def test_graphs_are_kept_and_contexts_end_with_their_cell(js, host):
    js("var graph = wasi_nn.Graph.load('story'), context = graph.context()", "kept")
    assert not host.registry.describe("story").users
    run = js(
        """
print(graph.generate("Once", { maxTokens: 1 }).text().length > 0);
try { context.generate("x") } catch (error) { print(error.message) }""",
        "kept",
    )
    assert run.stdout.startswith("true\nThe context ended with the cell that made it.")


@pytest.mark.parametrize(
    "turn",
    [
        "digits.compute({ image })",
        "digits.context().compute({ image })",
        "story.context().generate('Once').next()",
        "story.generate('Once', { maxTokens: 1 }).text()",
        "wasi_nn.Graph.load('story')",
        "try { digits.compute({ none: image }) } catch {}",
    ],
)
def test_what_a_cell_has_no_use_for_is_freed(js, turn):
    """A run may hold 1,024 of a kind."""
    run = js(f"""
const digits = wasi_nn.Graph.load("digits"), story = wasi_nn.Graph.load("story");
const image = new wasi_nn.Tensor(new Float32Array(64), [1, 1, 8, 8]);
for (let i = 0; i < 1100; i++) {{ {turn} }}
print("all");""")
    assert run.stdout == "all\n"


def test_two_generations_at_a_time(js):
    run = js("""
const story = wasi_nn.Graph.load("story", { temperature: 0 });
const whole = (prompt) => story.generate(prompt, { maxTokens: 4 }).text();
const expected = [whole("Once"), whole("The")];
const streams = ["Once", "The"].map((prompt) => story.generate(prompt, { maxTokens: 4 }));
const texts = ["", ""];
for (let i = 0; i < 4; i++) streams.forEach((one, n) => (texts[n] += one.next().value.text));
print(texts[0] === expected[0], texts[1] === expected[1]);""")
    assert run.stdout == "true true\n"


def test_unloading(js, host):
    host.load("mine", "builtin:tinytales")
    run = js("""
const graph = wasi_nn.Graph.load("mine");
graph.unload();
try { graph.info } catch (error) { print(error.message) }""")
    assert run.stdout == "The graph mine was unloaded.\n"
    assert host.registry.describe("mine").state == "registered"
    host.registry.forget("mine")


def test_models_that_the_run_may_load(js):
    with pytest.raises(GuestRaised, match="not-found"):
        js("wasi_nn.Graph.load('story')", models={"other": "story"})
    run = js("print(wasi_nn.Graph.load('other').info.name)", models={"other": "story"})
    assert run.stdout == "other\n"
