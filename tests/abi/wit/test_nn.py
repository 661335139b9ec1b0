"""``wasi:nn`` behind its three doors, the fast way and the package's."""

from __future__ import annotations

import pytest
import wasmtime

from tests.abi.wit.component import Fault
from wasinn_nb.abi.wit import nn as nn_module

DATES = ("2024-06-25", "2024-08-19", "2024-10-28")
OLD, NEW = DATES[:2], DATES[2]


def error_of(guest, fault):
    assert isinstance(fault, Fault)
    found = guest("error.code", fault.value), guest("error.data", fault.value)
    guest.drop(fault.value)
    return found


def opened(guest, name="net"):
    graph = guest("load-by-name", name)
    return graph, guest("graph.init-execution-context", graph)


def tensor(guest, data=b"abcd", dims=None, kind="U8"):
    return guest("tensor", dims or [len(data)], kind, data)


@pytest.mark.parametrize("date", DATES)
def test_a_tensor_keeps_what_it_was_made_of(nn, date):
    guest = nn(date)
    made = tensor(guest, bytes(24), [2, 3], "FP32")
    assert guest("tensor.dimensions", made) == [2, 3]
    assert guest("tensor.ty", made) == "FP32"
    assert guest("tensor.data", made) == bytes(24)
    guest.drop(made)


@pytest.mark.parametrize("date", OLD)
def test_inputs_are_set_and_outputs_got_one_by_one(nn, date):
    guest = nn(date)
    graph, context = opened(guest)
    assert guest("graph-execution-context.set-input", context, "0", tensor(guest)) is None
    assert guest("graph-execution-context.compute", context) is None
    out = guest("graph-execution-context.get-output", context, "out")
    assert guest("tensor.data", out) == b"abcd"
    guest.drop(out, context, graph)


def test_named_tensors_are_computed_in_one_call(nn):
    guest = nn()
    graph, context = opened(guest)
    [(name, out)] = guest("graph-execution-context.compute", context, [("0", tensor(guest))])
    assert (name, guest("tensor.dimensions", out)) == ("out", [4])
    guest.drop(out, context, graph)


@pytest.mark.parametrize("date", DATES)
def test_text_goes_in_and_comes_out_as_bytes(nn, date):
    guest = nn(date)
    graph = guest("load", [b"weights"], "ggml", "cpu")
    context = guest("graph.init-execution-context", graph)
    given = tensor(guest, b"hey", [1], "U8")
    if date == NEW:
        settings = ("metadata", tensor(guest, b'{"temp": 0}'))
        outputs = guest("graph-execution-context.compute", context, [settings, ("0", given)])
        assert [name for name, _ in outputs] == ["0", "metadata"]
        out, figures = (made for _, made in outputs)
        assert guest("tensor.data", figures) == b'{"input_tokens": 3, "output_tokens": 3}'
        guest.drop(figures)
    else:
        guest("graph-execution-context.set-input", context, "0", given)
        guest("graph-execution-context.compute", context)
        out = guest("graph-execution-context.get-output", context, "0")
    assert (guest("tensor.data", out), guest("tensor.dimensions", out)) == (b"hey", [3])
    guest.drop(out, context, graph)


@pytest.mark.parametrize("date", DATES)
def test_errors_carry_the_code_and_all_of_the_message(nn, shelf, date):
    guest = nn(date)
    assert error_of(guest, guest("load-by-name", "nobody")) == (
        "not-found",
        "there is no model 'nobody'",
    )
    assert error_of(guest, guest("load-by-name", "gone"))[0] == "not-found"
    assert error_of(guest, guest("load", [], "onnx", "gpu"))[0] == "invalid-argument"
    assert error_of(guest, guest("load", [b""], "onnx", "tpu"))[0] == "invalid-encoding"
    code, text = error_of(guest, guest("load-by-name", "n" * 5000))
    assert (code, "5000" in text) == ("invalid-argument", True)
    assert shelf.failures[0] == ("load-by-name", 8, "there is no model 'nobody'")
    graph, context = opened(guest)
    name = "graph-execution-context."
    if date == NEW:
        answer = guest(f"{name}compute", context, [("9", tensor(guest))])
    else:
        answer = guest(f"{name}set-input", context, "9", tensor(guest))
    assert error_of(guest, answer)[0] == "invalid-argument"
    assert not guest.session._nn.tensors
    guest.drop(context, graph)


def test_the_oldest_snapshot_makes_errors_itself(nn):
    guest = nn("2024-06-25")
    made = guest("error", "too-large", "so much")
    assert error_of(guest, Fault(made)) == ("too-large", "so much")


def test_tensors_take_no_more_than_the_memory_limit(nn):
    guest = nn()
    guest.session.limit_memory(1)
    half = bytes(1 << 19)
    for _ in range(3):
        guest.drop(tensor(guest, half), tensor(guest, half))
    tensor(guest, half[1:])
    tensor(guest, half)
    with pytest.raises(wasmtime.WasmtimeError, match="take 1,048,577 bytes of memory; the most is"):
        tensor(guest, b"ab")


def test_what_a_model_gives_is_refused_above_the_memory_limit(nn):
    guest = nn()
    guest.session.limit_memory(1)
    _, context = opened(guest)
    compute = "graph-execution-context.compute"
    made = [guest(compute, context, [("0", tensor(guest, bytes(1 << 19)))])]
    made += [guest(compute, context, []) for _ in range(2)]
    code, text = error_of(guest, guest(compute, context, []))
    assert code == "runtime-error"
    assert text.startswith("missing-memory: The guest's tensors take 1,572,864 bytes")
    guest.drop(*(one for answer in made for _, one in answer))
    guest(compute, context, [])


def test_dropping_a_graph_gives_it_back_and_leaves_it_loaded(nn, shelf):
    guest = nn()
    graph = guest("load-by-name", "net")
    [lease] = shelf.open_leases
    guest.drop(graph)
    assert not shelf.open_leases
    assert not lease.unloaded


def test_a_context_outlives_its_graphs_handle(nn, shelf):
    guest = nn()
    graph, context = opened(guest)
    guest.drop(graph)
    assert len(shelf.open_leases) == 1
    [(_, out)] = guest("graph-execution-context.compute", context, [("0", tensor(guest))])
    assert guest("tensor.data", out) == b"abcd"
    guest.drop(out, context)
    assert not shelf.open_leases


def test_what_a_guest_holds_ends_with_it(nn, shelf):
    guest = nn()
    opened(guest)
    opened(guest, "llm")
    tensor(guest)
    guest("load-by-name", "nobody")
    session = guest.session
    assert [len(table) for table in session._nn.tables] == [2, 2, 1, 1]
    guest.close()
    assert [len(table) for table in session._nn.tables] == [0, 0, 0, 0]
    assert not shelf.open_leases


def test_one_that_cannot_be_closed_does_not_keep_the_others(nn, shelf):
    guest = nn()
    opened(guest)
    opened(guest, "llm")
    failed = next(iter(shelf.open_contexts))
    close, failed.close = failed.close, lambda: 1 / 0
    guest.close()
    assert "ZeroDivisionError" in shelf.bugs.pop()
    assert shelf.open_contexts == {failed}
    close()


def test_a_handle_whose_end_fails_is_gone_all_the_same(nn, shelf):
    guest = nn()
    graph, context = opened(guest)
    failed = next(iter(shelf.open_contexts))
    close, failed.close = failed.close, lambda: 1 / 0
    guest.drop(context)
    assert "ZeroDivisionError" in shelf.bugs.pop()
    assert not guest.session._nn.contexts
    close()
    guest.drop(graph)


def test_a_guest_that_keeps_everything_is_told(nn, monkeypatch):
    for limit in ("_MOST_GRAPHS", "_MOST_CONTEXTS"):
        monkeypatch.setattr(nn_module, limit, 1)
    guest = nn()
    graph, context = opened(guest)
    for answer in (guest("load-by-name", "net"), guest("graph.init-execution-context", graph)):
        code, text = error_of(guest, answer)
        assert (code, "The guest holds 1" in text) == ("runtime-error", True)
    guest.drop(context, graph)


def test_where_no_error_can_be_told_the_guest_traps(nn, monkeypatch):
    monkeypatch.setattr(nn_module, "_MOST_TENSORS", 1)
    monkeypatch.setattr(nn_module, "_MOST_ERRORS", 1)
    guest = nn()
    tensor(guest)
    with pytest.raises(wasmtime.WasmtimeError, match="tensor: The guest holds 1 tensors"):
        tensor(guest)
    assert len(guest.session._nn.tensors) == 1
    guest = nn()
    guest("load-by-name", "nobody")
    with pytest.raises(wasmtime.WasmtimeError, match="holds 1 errors"):
        guest("load-by-name", "nobody")


def test_bytes_that_cross_are_counted(nn, shelf):
    guest = nn()
    made = tensor(guest, bytes(1000))
    guest("tensor.data", made)
    assert [(name, nbytes) for name, _, _, nbytes in shelf.recorded] == [
        ("tensor", 1000),
        ("tensor.data", 1000),
    ]
    guest.drop(made)
