"""Slots and views of cells in real kernels."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from tests.notebook.cells import HELLO, PRINTS_AT_THE_END, PRINTS_TOKENS, SILENT
from tests.notebook.conftest import STORY
from tests.notebook.kernels import REPOSITORY, SETUP, Kernel


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
