"""The live view of what a run generates, its slots in cells, and what stays of them."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from types import SimpleNamespace

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.displaypub import CapturingDisplayPublisher
from ipywidgets.widgets.widget import _instances
from nbclient import NotebookClient

from tests.notebook.cells import HELLO, PRINTS_AT_THE_END, PRINTS_TOKENS, SILENT
from tests.notebook.conftest import STORY
from tests.notebook.kernels import REPOSITORY, SETUP, Kernel
from tests.notebook.recording import ask, recorded
from tests.notebook.told import ToldRun
from wasinn_nb.guest.errors import GuestError, GuestStopped
from wasinn_nb.nn.errors import InvalidArgument, UnsupportedOperation
from wasinn_nb.notebook import markdown, shown
from wasinn_nb.notebook.figures import Standing, of_run, of_stream
from wasinn_nb.notebook.pump import Pump
from wasinn_nb.notebook.shown import SEPARATOR, ShownText, units
from wasinn_nb.notebook.slot_views import bundle
from wasinn_nb.notebook.widgets import assets, display, retiring
from wasinn_nb.notebook.widgets.display import SLOTS, RunSlots, Slot, Surface
from wasinn_nb.notebook.widgets.stream import TokenStream

GENERATING = Standing(state="generating", tokens=1)
LIVE = Surface(slots=True, live=True, frame_rate=60, markdown=False)
STATIC = Surface(slots=True, live=False, frame_rate=60, markdown=False)
HOSTILE = "<img src=x onerror=alert(1)> </pre><script>alert(2)</script> \x1b[31m\x00 & \u202eabc"


@pytest.fixture
def _recorded():
    with recorded():
        yield
    retiring.close_retired()


@pytest.fixture
def widget(_recorded):
    widget = TokenStream()
    widget.comm.published.clear()
    yield widget
    widget.close()


@pytest.fixture
def outputs(_recorded, monkeypatch):
    """What cells display: one list of bundles for each place, in order."""
    places = []

    class Handle:
        def display(self, data, **_):
            self.bundles = [data]
            places.append(self.bundles)

        def update(self, data, **_):
            self.bundles.append(data)

    monkeypatch.setattr("IPython.display.DisplayHandle", Handle)
    monkeypatch.setattr(display, "LIVE_AFTER", 0.0)
    return places


def frames(widget):
    return [answer for answer in widget.comm.answers if answer["kind"] == "frame"]


def waits(condition, patience=20.0):
    until = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


# -- text


@given(st.lists(st.text(max_size=9)))
def test_parts_of_a_text_follow_each_other(texts):
    text = ShownText()
    at, joined = 0, ""
    for piece in texts:
        text.append(piece)
        part = text.take()
        assert part.at == at
        at, joined = at + units(part.text), joined + part.text
    assert joined == text.whole() == "".join(texts)
    assert text.tail().at + units(text.tail().text) == at == len(joined.encode("utf-16-le")) // 2


def test_much_text_at_once_is_cut_and_says_where_it_begins():
    text = ShownText()
    text.append("\U0001f600" * 10)
    text.take()
    text.append("x" * shown.TAIL * 3)
    part = text.take()
    assert (part.at, len(part.text)) == (20 + 2 * shown.TAIL, shown.TAIL)
    assert text.tail() == part


@pytest.mark.parametrize("step", [1_000, 500_000])
def test_a_very_long_text_keeps_its_beginning_and_end(step):
    text = ShownText()
    for number in range(3_000_000 // step):
        text.append(f"{number}".rjust(step, "."))
    whole = text.whole()
    assert not text.complete
    assert len(whole) < shown.LIMIT + 200
    assert whole.startswith("...")
    assert "2,000,000 characters are not shown" in whole
    assert whole.endswith(f".{3_000_000 // step - 1}")


def test_generations_are_set_apart():
    text = ShownText()
    for generation, piece in ((1, "a"), (1, "b"), (2, "c")):
        text.append(piece, generation)
    assert text.whole() == f"ab{SEPARATOR}c"


# -- the widget


def test_every_figure_of_a_standing_is_a_trait(widget):
    assert set(Standing.__slots__) <= set(widget.trait_names())


def test_a_frame_carries_what_is_new_and_the_figures(widget):
    widget.text.append("Once ")
    widget.show(GENERATING)
    widget.text.append("upon")
    widget.show(GENERATING)
    first, second = frames(widget)
    assert (first["at"], first["text"], second["at"], second["text"]) == (0, "Once ", 5, "upon")
    assert second["figures"]["tokens"] == 1
    assert widget.state == "generating"
    assert widget.shows_text


def test_nothing_is_sent_when_nothing_changed(widget):
    widget.show(GENERATING)
    widget.comm.published.clear()
    for _ in range(50):
        widget.show(GENERATING)
    assert widget.comm.published == []


def test_figures_alone_are_sent_a_few_times_a_second(widget):
    for tokens in range(200):
        widget.show(Standing(state="generating", tokens=tokens))
    assert len(frames(widget)) <= 2
    assert widget.tokens == 0, "traits are for states"


def test_words_do_not_flicker_between_short_generations(widget):
    for state in ("generating", "running", "prompt", "finished"):
        widget.show(Standing(state=state, tokens=1))
        assert widget.state == "generating"
    widget._generated_at -= 1
    widget.show(Standing(state="prompt"))
    assert widget.state == "prompt"
    widget.show(GENERATING)
    widget.finish(Standing(state="stopped"))
    assert widget.state == "stopped"


def test_a_late_view_is_told_everything(widget):
    widget.text.append("x" * shown.TAIL + "end")
    widget.show(GENERATING)
    widget.comm.published.clear()
    [welcome] = ask(widget, {"kind": "hello"})
    assert welcome["kind"] == "welcome"
    assert (welcome["at"], len(welcome["text"])) == (3, shown.TAIL)
    assert welcome["figures"]["state"] == "generating"


def test_the_end_is_in_the_traits(widget):
    widget.text.append("Once upon")
    widget.finish(Standing(label="m", state="finished", tokens=2, reason="the text ended"))
    assert (widget.state, widget.label, widget.reason) == ("finished", "m", "the text ended")
    assert widget.tail == {"at": 0, "text": "Once upon"}


def test_copy_has_the_whole_text(widget):
    widget.text.append("y" * 2 * shown.TAIL)
    [answer] = ask(widget, {"kind": "text", "id": 4})
    assert (answer["kind"], answer["id"], answer["complete"]) == ("done", 4, True)
    assert len(answer["text"]) == 2 * shown.TAIL


def test_markdown_is_rendered_when_it_is_asked_for(widget):
    widget.text.append("**bold**")
    widget.show(GENERATING)
    assert widget.html == ""
    ask(widget, {"kind": "markdown", "id": 1, "on": True})
    assert "<strong>bold</strong>" in widget.html
    ask(widget, {"kind": "markdown", "id": 2, "on": False})
    assert widget.html == ""
    [answer] = ask(widget, {"kind": "markdown", "id": 3, "on": "yes"})
    assert answer["kind"] == "refused"


@pytest.mark.usefixtures("_recorded")
def test_a_widget_follows_a_run_by_itself():
    run = ToldRun()
    one, two = run.context("one"), run.context("two")
    widget = TokenStream(run, context=1)
    run.generates(one, "not this")
    run.generates(two, "but ", "this")
    waits(lambda: widget.tokens == 2)
    ask(widget, {"kind": "stop"})
    assert run.cancelled_reason == "stop"
    run.ends()
    waits(lambda: widget.state == "finished")
    assert widget.text.whole() == "but this"
    assert widget.label == "two"
    with pytest.raises(InvalidArgument, match="no context 2"):
        TokenStream(run, context=2)
    widget.close()


@pytest.mark.usefixtures("_recorded")
def test_a_closed_widget_is_not_followed_any_longer():
    run = ToldRun()
    widget = TokenStream(run)
    waits(lambda: "wasinn display" in {thread.name for thread in threading.enumerate()})
    widget.close()
    waits(lambda: "wasinn display" not in {thread.name for thread in threading.enumerate()})
    run.ends()


# -- slots


def shows(run, tell, surface=LIVE):
    """A cell that shows a run, which is told what to do and to end."""
    pump = Pump(run, RunSlots(run, surface, run.cancel), frame_rate=60).start()
    tell()
    if not run.done:
        run.ends()
    pump.finish()


def test_a_slot_becomes_live_and_ends_as_text(outputs):
    run = ToldRun()
    context = run.context("story")

    def tell():
        run.generates(context, "Once", " upon", finish="")
        waits(lambda: outputs and len(outputs[0]) > 1)
        context.finish("stop")

    before = len(_instances)
    shows(run, tell)
    [place] = outputs
    assert "application/vnd.jupyter.widget-view+json" not in place[0]
    assert "application/vnd.jupyter.widget-view+json" in place[1]
    assert set(place[-1]) == {"text/plain", "text/html"}
    line, text = place[-1]["text/plain"].split("\n")
    assert line.startswith("story \u00b7 2 tokens \u00b7 ")
    assert line.endswith("the text ended")
    assert text == "Once upon"
    assert len(_instances) <= before + 1, "the library stays"


def test_without_anybody_to_see_it_a_slot_makes_no_widget(outputs):
    run = ToldRun()
    before = len(_instances)
    shows(run, lambda: run.generates(run.context(), "text"), STATIC)
    assert len(_instances) == before
    assert outputs[0][-1]["text/plain"].endswith("\ntext")


def test_every_context_has_its_slot(outputs):
    run = ToldRun()
    contexts = [run.context(f"m{n}") for n in range(3)]

    def tell():
        for number, context in enumerate(contexts):
            run.generates(context, f"text {number}")

    shows(run, tell)
    ends = [place[-1]["text/plain"] for place in outputs]
    assert [end.split("\n")[1] for end in ends] == ["text 0", "text 1", "text 2"]
    assert [end.split(" ")[0] for end in ends] == ["m0", "m1", "m2"]


@pytest.mark.parametrize("at_once", [True, False])
def test_many_contexts_share_the_slots_there_are_and_no_text_is_lost(outputs, at_once):
    run = ToldRun()
    names = [f"text-{n:02}" for n in range(3 * SLOTS)]

    def tell():
        for name in names:
            run.generates(run.context(), name, finish="" if at_once else "stop")
            time.sleep(0.01)

    shows(run, tell)
    assert len(outputs) == SLOTS
    told = "\n".join(place[-1]["text/plain"] for place in outputs)
    assert all(told.count(name) == 1 for name in names)


def test_a_run_that_generates_nothing_has_a_line_only_if_it_lasts(outputs, monkeypatch):
    shows(ToldRun(), lambda: None)
    assert outputs == []
    monkeypatch.setattr(display, "RUNNING_AFTER", 0.02)
    run = ToldRun()
    shows(run, lambda: waits(lambda: outputs))
    assert outputs[0][0]["text/plain"].startswith("running")
    assert outputs[0][-1]["text/plain"].startswith("finished \u00b7 after")


def test_a_load_that_lasts_is_told_and_the_context_takes_its_slot(outputs, monkeypatch):
    monkeypatch.setattr(display, "LOADING_AFTER", 0.02)
    run = ToldRun()

    def tell():
        run.activity = ("reading it", 0.5)
        waits(lambda: outputs)
        run.activity = ("", None)
        run.generates(run.context(), "text")

    shows(run, tell)
    [place] = outputs
    assert place[0]["text/plain"].startswith("reading it 50 %")
    assert place[-1]["text/plain"].endswith("\ntext")


def live_slot():
    slot = Slot(LIVE, lambda: None)
    slot.show(GENERATING)
    slot.show(GENERATING)
    return slot, slot._widget


def test_a_slot_that_ended_closes_its_view_when_all_that_greeted_have_gone(outputs):
    (slot, widget), (unseen, never_seen) = live_slot(), live_slot()
    ask(widget, {"kind": "hello"})
    ask(widget, {"kind": "hello"})
    [answer] = ask(widget, {"kind": "bundle", "id": 1})
    assert answer["kind"] == "refused", "it is not over"
    slot.end(Standing(state="finished"))
    assert widget.comm.answers[-1]["kind"] == "left"
    ask(widget, {"kind": "bye"})
    # the other one is of a page that did not get the end, and asks for it
    [answer] = ask(widget, {"kind": "bundle", "id": 2})
    assert answer["data"] == outputs[0][-1]
    widget.comm.hear("custom", content={"kind": "bye"})
    assert widget.comm is None
    unseen.end(Standing(state="finished"))
    assert never_seen.comm is None


def test_a_view_that_went_before_the_slot_ended_keeps_nothing_open(outputs):
    slot, widget = live_slot()
    ask(widget, {"kind": "hello"})
    ask(widget, {"kind": "bye"})
    slot.end(Standing(state="finished"))
    assert widget.comm is None


def test_slots_of_pages_that_were_closed_stay_open_for_a_while(outputs):
    kept = []
    for _ in range(20):
        slot, widget = live_slot()
        ask(widget, {"kind": "hello"})
        slot.end(Standing(state="finished"))
        kept.append(widget)
    assert sum(widget.comm is not None for widget in kept) == 8
    # the page is opened again
    [*_, welcome] = ask(kept[-1], {"kind": "hello"})
    assert (welcome["kind"], welcome["left"]) == ("welcome", True)
    assert len(outputs) == 20


def test_a_thousand_runs_leave_nothing(outputs):
    gc.collect()
    gc.disable()
    try:
        before, threads = None, threading.active_count()
        watched = []
        for number in range(1000):
            run = ToldRun(f"told #{number}")
            slots = RunSlots(run, LIVE, run.cancel)
            run.generates(run.context(), "text", finish="")
            slots.frame()
            slots.frame()
            slots.write("text", run.streams[0], 1)
            slots.end()
            watched.append(weakref.ref(run.ends()))
            del run, slots
            if number == 0:
                before = len(_instances)
        assert len(_instances) == before
        assert threading.active_count() == threads
        assert not any(reference() for reference in watched), "freed without a collection"
    finally:
        gc.enable()
    assert len(outputs) == 1000


@pytest.mark.parametrize(
    ("built", "attended", "captured", "slots", "live"),
    [
        (True, True, False, True, True),
        (True, False, False, True, False),
        (False, False, False, True, False),
        (False, True, False, False, False),
        (True, True, True, False, False),
    ],
)
def test_what_a_cell_can_show(monkeypatch, built, attended, captured, slots, live):
    def load(name):
        if not built:
            raise UnsupportedOperation(f"{name} is not built.")
        return assets.Module("code", "style")

    monkeypatch.setattr(assets, "load", load)
    shell = SimpleNamespace(
        kernel=SimpleNamespace(_allow_stdin=attended),
        display_pub=CapturingDisplayPublisher() if captured else object(),
    )
    surface = display.surface(shell, frame_rate=20)
    assert (surface.slots, surface.live) == (slots, live)
    assert not display.surface(SimpleNamespace(kernel=None), frame_rate=20).slots


# -- words and forms


@pytest.mark.parametrize(
    ("standing", "line"),
    [
        (Standing(), "waiting"),
        (Standing(state="building", activity="compiling", elapsed=2), "compiling (2.0 s)"),
        (
            Standing(label="m", state="loading", activity="reading", fraction=0.4, elapsed=1),
            "m \u00b7 reading 40 % (1.0 s)",
        ),
        (
            Standing(state="prompt", prompt_done=1200, prompt_total=5120),
            "reading the prompt, 1,200 of 5,120 tokens",
        ),
        (
            Standing(state="generating", tokens=1245, rate=3400, first_token=0.008),
            "generating 1,245 tokens \u00b7 3,400 tok/s \u00b7 first token after 8 ms",
        ),
        (Standing(state="running", elapsed=3), "running 3.0 s"),
        (
            Standing(
                label="m\x1b",
                state="stopped",
                tokens=1,
                prompt_done=5,
                prompt_total=5,
                prompt_cached=2,
                reason="stopped",
            ),
            "m\\x1b \u00b7 1 token \u00b7 prompt 3 tokens evaluated, 2 cached \u00b7 stopped",
        ),
        (Standing(state="failed", reason="no such file"), "failed \u00b7 no such file"),
    ],
)
def test_how_it_stands_in_words(standing, line):
    assert standing.line() == line


@pytest.mark.parametrize(
    ("state", "reason", "error", "said"),
    [
        ("finished", "", None, "the token limit"),
        (
            "stopped",
            "stop",
            GuestStopped("It was.", reason="stop"),
            "the token limit \u00b7 stopped",
        ),
        (
            "stopped",
            "interrupt",
            GuestStopped("It was.", reason="interrupt"),
            "the token limit \u00b7 interrupted",
        ),
        ("failed", "", GuestError("It broke.\nThere."), "It broke."),
    ],
)
def test_why_it_ended(state, reason, error, said):
    run = ToldRun()
    context = run.context()
    run.generates(context, "text", finish="length")
    if reason:
        run.cancel(reason)
    run.ends(state, error)
    standing = of_stream(run, context, latest=True)
    assert (standing.state, standing.reason) == (state, said)
    assert of_run(run).state == state


def test_the_limit_of_a_later_generation_is_counted_from_the_first():
    run = ToldRun()
    context = run.context()
    run.generates(context, "a", "b", "c")
    context.begin_prompt(1, predict_limit=10)
    context.push(b"d")
    standing = of_stream(run, context, latest=True)
    assert (standing.tokens, standing.predict_limit) == (4, 13)


def test_a_context_that_may_go_on_is_not_said_to_have_ended():
    run = ToldRun()
    context = run.context(f"{run.name}/brought along")
    run.generates(context, "text")
    assert of_stream(run, context, latest=True).state == "running"
    assert of_stream(run, context, latest=False).state == "finished"
    run.activity = ("reading another", None)
    assert of_stream(run, context, latest=True).activity == "reading another"
    assert of_stream(run, context, latest=True).label == "brought along"


@pytest.mark.parametrize("rich", [False, True])
def test_nothing_in_a_text_or_a_name_becomes_html(rich):
    html = bundle(Standing(label=HOSTILE, state="finished"), HOSTILE, markdown=rich)["text/html"]
    assert "<img" not in html
    assert "<script" not in html
    assert html.count("</pre>") == (0 if rich else 1)
    assert "\x1b" not in html or rich
    assert "\x00" not in html


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,y)",
        "[x](file:///etc/passwd)",
        "![x](https://example.com/pixel.png)",
        "<javascript:alert(1)>",
        "[x]: vbscript:y\n[x]",
    ],
)
def test_markdown_neither_runs_nor_loads_anything(text):
    html = markdown.rendered(text)
    assert 'href="http' not in html or "<img" not in html
    assert "src=" not in html
    for scheme in ("javascript:", "data:", "file:", "vbscript:"):
        assert f'href="{scheme}' not in html.lower()


@given(st.text(alphabet="[]()!<>`*_\n#-|:ab/&;\"'", max_size=60))
def test_any_markdown_is_rendered_to_known_elements(text):
    html = markdown.rendered(text)
    assert "<script" not in html
    assert "<img" not in html


def test_markdown_that_is_too_long_is_shown_as_text():
    assert markdown.rendered("a" * (markdown.LONGEST + 1)) == ""
    long = bundle(Standing(), "a" * (markdown.LONGEST + 1), markdown=True)
    assert "<pre" in long["text/html"]


# -- in kernels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stream")
    (folder / "story.echo").write_text(f"ECHO {STORY}")
    (folder / "slow.echo").write_text("ECHO " + "word " * 5000)
    return folder


@pytest.fixture(scope="module")
def kernel(folder, toolchain_dir):
    """The newest kernel, with the front end's code faked where it is not built."""
    del toolchain_dir
    kernel = Kernel(folder)
    try:
        setup = SETUP.format(repository=str(REPOSITORY), folder=str(folder))
        built = (
            "from wasinn_nb.notebook.widgets import assets\n"
            "assets.load = lambda name: assets.Module(name, '')\n"
            "assets.loader = lambda: ''\n"
        )
        assert kernel.run(setup + built).reply["status"] == "ok"
        yield kernel
    finally:
        kernel.close()


def ok(cell):
    assert cell.reply["status"] == "ok", cell.traceback
    return cell


def says(kernel, cell, frontend, content):
    """A view of ``cell`` of that front end says something; waits for the view."""
    wanted = f"wasinn_nb.{frontend}"

    def opened():
        return [
            message["comm_id"]
            for message in cell.of_type("comm_open")
            if message["data"]["state"].get("_anywidget_id") == wanted
        ]

    kernel.until(opened)
    data = {"method": "custom", "content": content}
    message = kernel.client.session.msg("comm_msg", {"comm_id": opened()[-1], "data": data})
    kernel.client.shell_channel.send(message)


SLOW = "%wasinn load default slow.echo --encoding ggml --set window=9000 --set token-ms=20"


def test_stop_ends_the_run_and_not_the_cell(kernel):
    ok(kernel.run(SLOW))
    cell = kernel.begin(f"%%wasinn c\n{SILENT}")
    kernel.until(lambda: cell.streamed.count("word") > 5)
    says(kernel, cell, "stream", {"kind": "stop", "id": 1})
    ok(kernel.end(cell))
    assert "stopped" in cell.slots[0]
    assert cell.slots[0].count("word") > 5
    assert len(cell.of_type("comm_open")) - len(cell.of_type("comm_close")) <= 1, "the library"
    assert ok(kernel.run("print(_wasinn.state)")).stream() == "stopped\n"


def test_stop_cancels_a_build_and_the_cells_after_it(kernel):
    repeated = "".join(f"#define T{n + 1} {f'T{n} ' * 10}\n" for n in range(6))
    source = f"#define T0 x++;\n{repeated}int main(void) {{ volatile int x = 0; T6 return 0; }}\n"
    cell = kernel.begin(f"%%wasinn c\n{source}")
    later = kernel.begin("print('later')")
    says(kernel, cell, "stream", {"kind": "stop", "id": 1})
    kernel.end(cell)
    kernel.end(later)
    assert cell.error == "Stopped"
    assert "You cancelled the build" in cell.traceback
    assert later.reply["status"] != "ok"
    assert cell.slots[0].startswith("stopped")


@pytest.mark.parametrize(
    ("options", "end"),
    [("--no-run", "finished"), ("--in nothing", "failed"), ("--flag=-nonsense", "failed")],
)
def test_a_slot_that_no_run_takes_over_ends(kernel, options, end):
    tells = (
        "from wasinn_nb.notebook import progress\n"
        "progress.APPEARS_AFTER = 0\n"
        "real = type(host).build\n"
        "def build(self, *arguments, progress, **options):\n"
        "    progress('compiling', 0.0)\n"
        "    return real(self, *arguments, progress=progress, **options)\n"
        "type(host).build = build\n"
    )
    ok(kernel.run(tells))
    cell = kernel.run(f"%%wasinn c {options}\n{SILENT}")
    ok(kernel.run("progress.APPEARS_AFTER = 0.5\ntype(host).build = real"))
    assert cell.reply["status"] == ("ok" if options == "--no-run" else "error")
    assert cell.slots[0].startswith(end)


def test_cancelling_a_load_stops_the_cells_after_it(kernel):
    cell = kernel.begin("%wasinn load other story.echo --encoding ggml --set load-ms=90000")
    later = kernel.begin("print('later')")
    says(kernel, cell, "progress", {"kind": "cancel", "id": 1})
    kernel.end(cell)
    kernel.end(later)
    assert cell.error == "Stopped"
    assert "You cancelled the load of 'other'" in cell.traceback
    assert later.reply["status"] != "ok"
    assert "cancelled after" in cell.slots[0]


def test_a_captured_cell_keeps_its_text(kernel):
    ok(kernel.run("%wasinn load default story.echo --encoding ggml --set token-ms=40"))
    cell = ok(kernel.run(f"%%capture captured\n%%wasinn c\n{SILENT}"))
    assert not cell.of_type("comm_open")
    assert "went home" in ok(kernel.run("print(captured.stdout)")).stream()


def test_a_run_is_shown_again_in_another_cell(kernel):
    ok(kernel.run("%wasinn load default story.echo --encoding ggml --set token-ms=40"))
    first = ok(kernel.run(f"%%wasinn c\n{PRINTS_TOKENS}"))
    assert "went home" not in first.slots[0]
    again = ok(kernel.run("import wasinn_nb as wn\nwn.display_stream(_wasinn)"))
    assert "went home" in again.slots[0]
    ok(kernel.run(f"%%wasinn c --background\n{SILENT}"))
    live = ok(kernel.run("wn.display_stream(_wasinn)"))
    kernel.until(lambda: live.slots and "the text ended" in live.slots[0])
    assert "went home" in live.slots[0]


def test_a_run_that_generated_nothing_is_shown_by_how_it_ended(kernel):
    ok(kernel.run(f"%%wasinn c\n{HELLO}"))
    assert ok(kernel.run("wn.display_stream(_wasinn)")).slots[0].startswith("finished \u00b7 after")


def test_markdown_is_an_option_of_a_cell(kernel):
    ok(kernel.run("Path('md.echo').write_text('ECHO **bold**')"))
    ok(kernel.run("%wasinn load default md.echo --encoding ggml --set token-ms=300"))
    cell = ok(kernel.run(f"%%wasinn c --markdown\n{SILENT}"))
    forms = [content["data"] for content in cell.of_type("update_display_data")]
    assert "<strong>bold</strong>" in forms[-1]["text/html"]


@pytest.mark.parametrize("source", [SILENT, PRINTS_AT_THE_END])
def test_a_notebook_that_nobody_watches_holds_text_and_no_widgets(folder, toolchain_dir, source):
    del toolchain_dir
    sources = [
        SETUP.format(repository=str(REPOSITORY), folder=str(folder)),
        "%wasinn load default story.echo --encoding ggml --set token-ms=40 --set load-ms=700",
        f"%%wasinn c\n{source}",
    ]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    assert "widgets" not in notebook.metadata
    kinds = {
        kind
        for cell in notebook.cells
        for output in cell.outputs
        for kind in output.get("data", ())
    }
    assert kinds == {"text/plain", "text/html"}
    texts = [
        output["data"]["text/plain"] for output in notebook.cells[2].outputs if "data" in output
    ]
    assert "went home" in "".join(texts)
