"""Python cells and the models of the kernel."""

from __future__ import annotations

import numpy as np
import pytest

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.errors import GuestRaised


def test_tensors_are_not_used_up(py, host):
    run = py("""
from wasi_nn import Graph, Tensor
digits = Graph.load("digits")
image = Tensor(bytes(256), (1, 1, 8, 8), "FP32")
first = digits.compute({"image": image})
second = digits.compute(image=image)["probabilities"]
print(digits.info.encoding, second.type.name, second.shape, second.argmax())
print(first["probabilities"] == second, digits.compute({"0": image}).keys())""")
    assert run.stdout.startswith("openvino FP32 (1, 10) ")
    assert run.stdout.endswith("True dict_keys(['probabilities'])\n")
    assert int(np.argmax(run.tensors["probabilities"])) == int(run.stdout.split()[4])
    assert not host.registry.describe("digits").users


def test_what_tensors_are_made_of(py):
    run = py("""
import array
from wasi_nn import Tensor, TensorType
for tensor in (
    Tensor([[1, 2], [3, 4]]),
    Tensor(3.5),
    Tensor(range(3), type="I64"),
    Tensor(array.array("d", [1, 2])),
    Tensor(memoryview(array.array("i", range(4))).cast("B").cast("i", (2, 2))),
    Tensor(b"\\x00\\x3c", type=TensorType.FP16),
    Tensor([1.5, -2, 1e38], type="BF16"),
    Tensor([0.5, 2], type="float16"),
    Tensor(array.array("f", [1.5]), type="FP64"),
    Tensor(b"ab"),
    Tensor(Tensor([1, 2]), (2, 1)),
    Tensor([], (0, 3)),
):
    print(tensor)
t = Tensor([[1, 2, 3], [4, 5, 6]])
print(t.tolist(), t[1], t[1, 2], t[-1][0], t[:1], list(t), len(t), t.reshape(3, -1).shape)
print(memoryview(t).tolist(), t.data[1, 2], t.tobytes()[:4], Tensor([7]).item())""")
    assert run.stdout.split("\n")[:-1] == [
        "Tensor([1, 2, 3, 4], shape=(2, 2), type=FP32)",
        "Tensor([3.5], shape=(), type=FP32)",
        "Tensor([0, 1, 2], shape=(3,), type=I64)",
        "Tensor([1, 2], shape=(2,), type=FP64)",
        "Tensor([0, 1, 2, 3], shape=(2, 2), type=I32)",
        "Tensor([1], shape=(1,), type=FP16)",
        "Tensor([1.5, -2, 9.96921e+37], shape=(3,), type=BF16)",
        "Tensor([0.5, 2], shape=(2,), type=FP16)",
        "Tensor([1.5], shape=(1,), type=FP64)",
        "Tensor([97, 98], shape=(2,), type=U8)",
        "Tensor([1, 2], shape=(2, 1), type=FP32)",
        "Tensor([], shape=(0, 3), type=FP32)",
        (
            "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] Tensor([4, 5, 6], shape=(3,), type=FP32) 6.0 4.0 "
            "[Tensor([1, 2, 3], shape=(3,), type=FP32)] [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] 6 (3, 2)"
        ),
        "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] 6.0 b'\\x00\\x00\\x80?' 7.0",
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("Tensor([[1], [2, 3]])", "ValueError: the rows of a tensor have the same length"),
        ("Tensor([1, 'x'])", "TypeError: a tensor is made of numbers, and not of 'x'"),
        ("Tensor('12')", "TypeError: a tensor is made of numbers"),
        ("Tensor([1, 2], (3,))", "ValueError: 2 elements cannot have the shape [3]"),
        ("Tensor([1.5], type='I32')", "TypeError: elements of I32 are whole numbers"),
        ("Tensor([300], type='U8')", "OverflowError: not all of these numbers fit U8"),
        ("Tensor([1], type='X')", "ValueError: there is no type 'X'"),
        ("Tensor(b'abc', type='FP32')", "ValueError: 3 bytes are no whole number of elements"),
        ("Tensor([[1, 2]])[0, 2]", "IndexError: 2 is out of range: the dimension has 2"),
    ],
)
def test_what_tensors_are_not_made_of(py, call, message):
    with pytest.raises(GuestRaised) as caught:
        py(f"from wasi_nn import Tensor\n{call}")
    assert caught.value.said.startswith(message)


def test_a_large_tensor_is_refused_before_it_crosses(py):
    with pytest.raises(GuestRaised, match=r"TooLarge: A tensor of 4,000,000 bytes"):
        py("""
from wasi_nn import Graph, Tensor
Graph.load("digits").compute(image=Tensor(bytes(4_000_000), type="FP32"))""")


def test_a_generation_is_read_token_by_token(py):
    run = py("""
from wasi_nn import Finish, Graph
story = Graph.load("story", temperature=0, seed=1)
text = ""
stream = story.generate("Once upon", max_tokens=8)
for token in stream:
    text += str(token)
    assert token.bytes and token.id >= 0
print(len(text) > 0, stream.usage.generated_tokens, stream.usage.finish is Finish.LENGTH)
print(story.generate("Once upon", max_tokens=8).text() == text)
left = story.generate("Once upon")
next(left)
left.close()
print(left.usage.generated_tokens, list(left))""")
    assert run.stdout.split("\n")[:-1] == ["True 8 True", "True", "1 []"]
    assert run.tokens >= 17


def test_a_token_can_be_a_part_of_a_character(py):
    run = py("""
from wasi_nn import Graph
story = Graph.load("story", {"grammar": 'root ::= "a \u00e9\u4f60"'})
for logs in (False, True):
    tokens = list(story.generate("Once", log_probabilities=logs))
    print(b"".join(one.bytes for one in tokens).decode(), "".join(map(str, tokens)))
    print(any(one.text.encode() != one.bytes for one in tokens))
    print({type(one.log_probability).__name__ for one in tokens})""")
    assert run.stdout.split("\n")[:-1] == [
        *("a é你 a é你", "True", "{'NoneType'}"),
        *("a é你 a é你", "True", "{'float'}"),
    ]


def test_generations_are_read_in_turns(py):
    run = py("""
from wasi_nn import Graph
story = Graph.load("story", temperature=0)
alone = [story.generate(text, max_tokens=6).text() for text in ("Once", "The dog")]
streams = [story.generate(text, max_tokens=6) for text in ("Once", "The dog")]
pieces = zip(*streams, strict=True)
print(["".join(map(str, one)) for one in zip(*pieces)] == alone, next(streams[0], "over"))""")
    assert run.stdout == "True over\n"


def test_what_a_loop_over_tokens_prints_is_all_there(py):
    with pytest.raises(GuestRaised) as caught:
        py("""
import sys
from wasi_nn import Graph
story = Graph.load("story")
for token in story.generate("Once", max_tokens=3):
    print("a", end="")
    print("b", end="", file=sys.stderr)
print("c")
for token in story.generate("Once", max_tokens=3):
    print("d", end="")
    1 / 0""")
    assert (caught.value.run.stdout, caught.value.run.stderr[:3]) == ("aaac\nd", "bbb")


def test_chat_embeddings_and_settings(py):
    run = py("""
from wasi_nn import Graph
story = Graph.load("story", {"n-predict": 3}, temp=0)
vector = story.embed("a goose")
print(len(vector), abs(sum(x * x for x in vector) - 1) < 1e-3)
for said in ("hello", [("user", "hello")], [{"role": "user", "content": "hello"}]):
    print(len(list(story.chat(said))))
logs = list(story.generate("Once", max_tokens=2, log_probabilities=True))
print(all(token.log_probability <= 0 for token in logs), len(list(story.generate("x"))))
context = story.context(n_predict=5)
print(len(list(context.generate("x"))))
context.configure({"grammar": 'root ::= "Yes."'})
print(context.generate("x").text(), context.generate("x", stop="s").text())""")
    assert run.stdout.split() == ["256", "True", "3", "3", "3", "True", "3", "5", "Yes.", "Ye"]


def test_errors_are_classes_with_codes(py):
    run = py("""
from wasi_nn import *
def caught(call):
    try:
        call()
    except NNError as error:
        print(type(error).__name__, error.code)
        return error
print(isinstance(caught(lambda: Graph.load("nope")), NotFound))
digits = Graph.load("digits")
caught(lambda: digits.compute({"other": Tensor([1])}))
caught(lambda: digits.generate("x"))
story = Graph.load("story")
long = caught(lambda: story.generate("word " * 3000))
print(long.actual > long.limit, f"{long.limit}" in str(long))
caught(lambda: story.context({"top-k": "many"}))
caught(lambda: Graph.load("story", seed=-5))""")
    assert run.stdout.split("\n")[:-1] == [
        "NotFound not-found",
        "True",
        "InvalidArgument invalid-argument",
        "UnsupportedOperation unsupported-operation",
        "PromptTooLong prompt-too-long",
        "True True",
        "InvalidArgument invalid-argument",
        "InvalidArgument invalid-argument",
    ]
    with pytest.raises(GuestRaised) as error:
        py("\nfrom wasi_nn import Graph\nGraph.load('nope')")
    assert error.value.line == 4
    assert error.value.said.startswith(
        "wasi_nn.NotFound: There is no model named 'nope'. Registered"
    )


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("\nGraph.load('story')", 3, "from wasi_nn import Graph"),
        ("\n%matplotlib inline", 3, "magics and commands are the notebook's"),
        ("x = 1\ny = 'a\0b'", 3, "null byte"),
        ("import socket\nsocket.getaddrinfo('example.org', 80)", 3, "no network"),
        ("import threading\nthreading.Thread(target=print).start()", 3, "one thread"),
    ],
)
def test_what_a_first_cell_runs_into_is_explained(py, text, line, says):
    with pytest.raises((GuestRaised, BuildError)) as error:
        py(text)
    assert f"In[1]:{line}" in str(error.value)
    assert says in str(error.value)


def test_values_of_wrong_types_are_told_and_end_nothing(py):
    run = py("""
import wasi_nn
from wasi_nn import Graph, Tensor
story = Graph.load("story")
for call in (
    lambda: Graph.load(5),
    lambda: Graph.load("\\ud800"),
    lambda: Graph.load("story", temperature="hot"),
    lambda: Graph.load("story", ctx_size=float("inf")),
    lambda: Graph.load("story", "hot"),
    lambda: story.generate("x", max_tokens="5"),
    lambda: story.generate("x", max_tokens=5.5),
    lambda: story.generate("x", stop=[5]),
    lambda: story.chat(5),
    lambda: story.compute({5: Tensor([1])}),
    lambda: Tensor(b"", (0, 2**40), "FP32"),
    lambda: wasi_nn.input(5),
    lambda: wasi_nn.output(5, b""),
):
    try:
        call()
    except (TypeError, ValueError, wasi_nn.InvalidArgument) as error:
        print(error)
print(story.generate("x", max_tokens=2.0).text() != "")""")
    told = run.stdout.splitlines()
    assert len(told) == 14
    assert "temperature takes a number, not 'hot'. [invalid-argument]" in told
    assert "ctx_size takes a whole number, not inf. [invalid-argument]" in told
    assert "max_tokens takes a number, not '5'" in told
    assert told[-1] == "True"


def test_graphs_are_kept_and_contexts_end_with_their_cell(py, host):
    py(
        """
from wasi_nn import Graph, NNError
graph = Graph.load("story")
context = graph.context()
stream = graph.generate("Once")""",
        "kept",
    )
    assert not host.registry.describe("story").users
    run = py(
        """
print(len(list(graph.generate("Once", max_tokens=1))))
for call in (lambda: context.generate("x"), lambda: next(stream), lambda: stream.usage):
    try:
        call()
    except NNError as error:
        print(error.message)
stream.close()""",
        "kept",
    )
    assert run.stdout == (
        "1\nThe context ended with the cell that made it. Its model is still loaded: make another."
        "\nThe generation ended with the cell that began it."
        "\nThe generation ended with the cell that began it.\n"
    )


@pytest.mark.parametrize(
    "turn",
    [
        "digits.compute(image=image)",
        "digits.context().compute(image=image)",
        "next(story.context().generate('Once'))",
        "next(story.generate('Once', max_tokens=1))",
        "story.generate('Once', max_tokens=1).text()",
        "Graph.load('story')",
    ],
)
def test_what_a_cell_has_no_use_for_is_freed(py, turn):
    """A run may hold 1,024 of a kind."""
    run = py(f"""
from wasi_nn import Graph, Tensor
digits, story = Graph.load("digits"), Graph.load("story")
image = Tensor(bytes(256), (1, 1, 8, 8), "FP32")
for _ in range(1100):
    {turn}
print("all")""")
    assert run.stdout == "all\n"


def test_two_generations_at_a_time(py):
    run = py("""
from wasi_nn import Graph
story = Graph.load("story", temperature=0)
def begin(prompt):
    return story.generate(prompt, max_tokens=4)
expected = [begin("Once").text(), begin("The").text()]
texts = list(zip(begin("Once"), begin("The")))
print(["".join(map(str, one)) for one in zip(*texts)] == expected)""")
    assert run.stdout == "True\n"


def test_unloading(py, host):
    host.load("mine", "builtin:tinytales")
    run = py("""
from wasi_nn import Graph, NNError
graph = Graph.load("mine")
context = graph.context()
graph.unload()
for call in (lambda: graph.info, lambda: context.generate("x")):
    try:
        call()
    except NNError as error:
        print(error.message)""")
    assert run.stdout == "The graph mine was unloaded.\n" * 2
    assert host.registry.describe("mine").state == "registered"
    host.registry.forget("mine")


def test_models_that_the_run_may_load(py):
    with pytest.raises(GuestRaised, match="not-found"):
        py("import wasi_nn\nwasi_nn.Graph.load('story')", models={"other": "story"})
    run = py(
        "import wasi_nn\nprint(wasi_nn.Graph.load('other').info.name)", models={"other": "story"}
    )
    assert run.stdout == "other\n"
