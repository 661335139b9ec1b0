"""Tables and quantities, whatever their cells hold."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.guest.run import Run
from wasinn_nb.guest.tensors import Tensors
from wasinn_nb.guest.timeline import Timeline
from wasinn_nb.nn.backend import ModelInfo
from wasinn_nb.nn.errors import WasinnError
from wasinn_nb.nn.offers import Offer
from wasinn_nb.nn.record import ModelRecord, ModelState, UnloadReport
from wasinn_nb.nn.settings import EffectiveConfig, Origin, Schema, Scope, Setting
from wasinn_nb.nn.tensor import Tensor, TensorSpec
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding, TensorType
from wasinn_nb.notebook import describing, run_views, views
from wasinn_nb.notebook.errors import render
from wasinn_nb.notebook.text import Facts, Table, count, duration, printable, rate, shortened

HOSTILE = "<img src=x onerror=alert(1)>&\"'\x1b[31m\u202egnp.exe"


class Tags(HTMLParser):
    """The tags and attributes that a browser would see."""

    def __init__(self):
        super().__init__()
        self.tags = set()
        self.attributes = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def record(name):
    spec = TensorSpec(name, None, TensorType.F32, layout=name, aliases=(name + "x",))
    return ModelRecord(
        name=name,
        state=ModelState.FAILED,
        origin=name,
        encoding=GraphEncoding.GGML,
        target=ExecutionTarget.CPU,
        device=name,
        users=(name,),
        pins={name: name},
        error=name,
        info=ModelInfo(
            GraphEncoding.GGML,
            architecture=name,
            name=name,
            chat_template=name,
            inputs=(spec, spec),
            outputs=(spec,),
            metadata={name: name, "a": [name, {name: name}]},
        ),
    )


def timeline(name):
    timeline = Timeline(0.0, name)
    timeline.entered, timeline.left, timeline.ended = 1.0, 2.0, 3.0
    timeline.record((name, 1.5, 1.75, 3))
    return timeline


def finished(name):
    run = Run(name)
    run.finish("finished", None, lambda _: None)
    return run


@given(st.text(max_size=30) | st.just(HOSTILE))
def test_names_cannot_inject_markup_or_control_characters(name):
    report = UnloadReport(name, was_loaded=True, freed=1, seconds=1)
    listing = views.models([record(name)])
    tensors = Tensors({name: Tensor((1,), TensorType.U8, b"1")})
    forms = [
        (repr(listing), listing._repr_html_()),
        (describing.model_text(record(name)), describing.model_html(record(name))),
        (describing.description_text(record(name)), describing.description_html(record(name))),
        (run_views.tensors_text(tensors), run_views.tensors_html(tensors)),
        (run_views.timeline_text(timeline(name)), run_views.timeline_html(timeline(name))),
        (run_views.run_text(finished(name)), run_views.run_html(finished(name))),
        (views.unload_text(report), views.unloads([report])._repr_html_()),
        (repr(views.line(name)), views.line(name)._repr_html_()),
    ]
    for text, html in forms:
        tags = Tags()
        tags.feed(html)
        assert tags.tags <= {
            *("table", "thead", "tbody", "tr", "td", "th", "caption"),
            *("div", "b", "br", "pre", "details", "summary"),
        }
        assert tags.attributes <= {"style", "scope"}
        assert all(char.isprintable() or char in "\n " for char in text.replace("\xa0", ""))


def test_a_table_as_text():
    table = Table(("name", "n"), [("é", "1"), ("日本", "22")], title="Title")
    assert table.text() == "Title\nname  n\n----  --\né     1\n日本  22"
    assert Table(("a",), empty="none").text() == "none"


def test_long_cells_of_a_very_wide_table_are_wrapped_in_text():
    words = "a longer note " * 20
    rows = [("x", words.strip()), ("y", "")]
    lines = Table(("name", "note"), rows).text().splitlines()
    assert max(map(len, lines)) <= 4 + 2 + 40
    assert lines[-1] == "y"
    said = " ".join(line[6:].strip() for line in lines[2:-1])
    assert said == words.strip()


def test_facts_as_text_and_as_html():
    facts = Facts("it", [("a", "1\n2"), ("日本", "3")])
    assert facts.text() == "it\n  a     1\\n2\n  日本  3"
    html = facts.html()
    assert html.index("<caption") < html.index('<th scope="row"') < html.index("<td")
    assert Table(("a",), [("1",)], title="t").html().count('<th scope="col"') == 1
    assert Table(("a", "b"), [("c-d", "e-f"), ("g" * 40, "")]).html().count("nowrap") == 1


def test_long_texts_say_how_long_they_are():
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd" * 1000, 3) == "abc... (4,000 characters)"


def test_a_column_without_anything_in_it_is_left_out():
    rows = [("a", "", "1"), ("b", "", "2")]
    assert (
        Table(("x", "to do", "n"), rows).without_empty("to do").text() == "x  n\n-  -\na  1\nb  2"
    )
    full = Table(("x", "to do"), [("a", ""), ("b", "fix it")])
    assert full.without_empty("to do") is full


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        (0.0042, "4.2 ms"),
        (0.042, "42 ms"),
        (1.25, "1.2 s"),
        (59.97, "1 min 0 s"),
        (125, "2 min 5 s"),
    ],
)
def test_durations(seconds, wanted):
    assert duration(seconds) == wanted


def test_counts_and_rates():
    assert (count(1, "token"), count(2000, "token")) == ("1 token", "2,000 tokens")
    assert (rate(3.14159), rate(4335.2)) == ("3.1 tok/s", "4,335 tok/s")
    assert printable("a\nb\tc\x00") == "a\\nb\\tc\\x00"


def test_messages_carry_no_escape_sequences():
    lines = render(WasinnError(f"a\t{HOSTILE}\nsecond", hint=HOSTILE))
    plain = "".join(lines).replace("\x1b[31m", "", 1).replace("\x1b[1m", "", 1)
    assert plain.replace("\x1b[0m", "").count("\x1b") == 0
    assert "\u202e" not in plain
    assert lines[1] == "second"
    assert "a\t<img" in lines[0]


def test_the_value_of_a_setting_is_in_words_where_it_has_some():
    settings = Schema(
        [
            Setting("ctx-size", "int", Scope.CONTEXT, 0, unit="tokens", offers=(_TRAINED,)),
            Setting("layers", "int", Scope.MODEL, -1, unit="layers", names={"all": -1}),
            Setting("threads", "int", Scope.MODEL, 4, unit="threads"),
            Setting("seed", "int", Scope.MODEL),
        ]
    )
    defaults = {key: setting.default for key, setting in settings.items()}
    config = EffectiveConfig(settings, defaults, dict.fromkeys(settings, Origin.DEFAULT))
    shown = [line.split("  ")[1:] for line in repr(views.config("m", config)).splitlines()[3:]]
    words = [next(filter(None, parts)).strip() for parts in shown]
    assert words == ["as trained, 1,024 tokens", "all", "4 threads", "auto"]


_TRAINED = Offer(0, "as trained", "1,024 tokens")
