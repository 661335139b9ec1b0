"""The comm of the JupyterLab extension in real kernels, spoken to as its pages do."""

from __future__ import annotations

import itertools

import pytest

from tests.notebook.cells import SILENT, SPINS
from tests.notebook.kernels import PATIENCE
from wasinn_nb import __version__
from wasinn_nb.notebook import verbs
from wasinn_nb.notebook.lab.channel import COMM_ID, TARGET

pytestmark = pytest.mark.timeout(240)

LOAD_SLOW = "%wasinn load default slow.echo --encoding ggml --set window=9000 --set token-ms=20"
BLOCKS = 'import time\nprint("began", flush=True)\ntime.sleep(SECONDS)'
GUEST = f"%%wasinn c --timeout SECONDS\n{SPINS}"
BROKEN = "int main(void) {\n  return missing;\n}\n"
WARNS = "int main(void) {\n  int unused;\n  return 0;\n}\n"
TRAPS = "int main(int count, char **words) {\n  /* ä */ if (count > 1) __builtin_trap();\n}\n"
_ids = itertools.count(1)


class Page:
    """One page, which hears what all pages hear."""

    def __init__(self, kernel, subshell):
        self.kernel, self.subshell = kernel, subshell
        self.start = len(kernel.heard)

    @property
    def heard(self):
        """What the comm said since the page came, in order."""
        sent = [
            message
            for message in self.kernel.heard[self.start :]
            if message["msg_type"] == "comm_msg" and message["content"]["comm_id"] == COMM_ID
        ]
        return [message["content"]["data"] | {"buffers": message["buffers"]} for message in sent]

    def of_kind(self, kind):
        return [said for said in self.heard if said["kind"] == kind]

    def say(self, kind, **values):
        self.kernel.send(COMM_ID, {"kind": kind, **values}, self.subshell)

    def hello(self):
        """The answer to a greeting."""
        before = len(self.of_kind("welcome"))
        self.say("hello")
        self.kernel.until(lambda: len(self.of_kind("welcome")) > before)
        return self.of_kind("welcome")[-1]

    def ask(self, kind, **values):
        """The answer to a request."""
        number = next(_ids)
        self.say(kind, id=number, **values)
        self.kernel.until(lambda: self.answers(number))
        (answer,) = self.answers(number)
        return answer

    def answers(self, number):
        return [said for said in self.heard if said.get("id") == number]

    def marks(self, cell):
        """The last that was said of a cell's marks."""
        self.kernel.until(lambda: cell in [said["cell"] for said in self.of_kind("marks")])
        return [said for said in self.of_kind("marks") if said["cell"] == cell][-1]["marks"]


@pytest.fixture(scope="module")
def subshell(kernel):
    return kernel.subshell()


@pytest.fixture
def page(kernel, subshell):
    return Page(kernel, subshell)


@pytest.fixture
def slow(kernel):
    """A slow model."""
    assert kernel.run(LOAD_SLOW).error == ""
    yield
    kernel.run("host.runner.cancel_all()")
    kernel.run("host.forget('default', stop=True)")


def c(source, options=""):
    return f"%%wasinn c {options}\n{source}"


def comms(kernel):
    return kernel.ask("comm_info", target_name=TARGET)["comms"]


# -- that it is there ------------------------------------------------------------------------------


def test_pages_can_find_it_and_nobody_else_hears_of_it(kernel):
    assert comms(kernel) == {COMM_ID: {"target_name": TARGET}}
    about_us = [m for m in kernel.heard if m["content"].get("comm_id") == COMM_ID]
    assert about_us[0]["content"]["data"] == {"kind": "loaded"}
    assert {message["msg_type"] for message in about_us} == {"comm_msg"}


def test_a_greeting_is_answered_with_how_things_stand(page, slow):
    welcome = page.hello()
    assert welcome["version"] == __version__
    assert welcome["languages"] == list(verbs.languages())
    assert [row["name"] for row in welcome["rows"]] == ["default"]
    assert welcome["totals"]["total"] > 0
    assert welcome["generating"] == {"rate": None, "runs": []}
    assert isinstance(welcome["marks"], list)


def test_models_are_managed_and_changes_are_told(page, slow):
    page.hello()
    assert page.ask("unload", name="default")["kind"] == "done"
    page.kernel.until(
        lambda: any(
            row["state"] == "registered"
            for change in page.of_kind("changed")
            for row in change.get("rows", ())
        )
    )
    refused = page.ask("load", name="nobody")
    assert refused["kind"] == "refused"
    assert "Registered are default" in refused["message"]
    assert "make_coffee" in page.ask("make_coffee")["message"]


def test_a_page_that_closes_it_closes_it_for_itself(kernel, page):
    message = kernel.client.session.msg("comm_close", {"comm_id": COMM_ID, "data": {}})
    kernel.client.shell_channel.send(message)
    assert list(comms(kernel)) == [COMM_ID]
    assert page.hello()["version"] == __version__


@pytest.mark.parametrize("comm_id", [COMM_ID, "another"])
def test_a_page_that_opens_one_does_not_end_ours(kernel, page, comm_id):
    content = {"comm_id": comm_id, "target_name": TARGET, "data": {}}
    kernel.client.shell_channel.send(kernel.client.session.msg("comm_open", content))
    assert list(comms(kernel)) == [COMM_ID]
    assert page.hello()["version"] == __version__
    closed = [m["content"]["comm_id"] for m in kernel.heard if m["msg_type"] == "comm_close"]
    assert COMM_ID not in closed


def test_unloading_ends_it_and_loading_brings_it_back(kernel, page):
    kernel.run("%reload_ext wasinn_nb")
    kernel.until(lambda: page.of_kind("loaded"))
    assert [said["kind"] for said in page.heard] == ["unloaded", "loaded"]
    assert page.hello()["version"] == __version__
    kernel.run("%unload_ext wasinn_nb")
    assert comms(kernel) == {}
    kernel.run("%load_ext wasinn_nb\n%config WasinnMagics.warm_up = False")
    closed = [m["content"]["comm_id"] for m in kernel.heard if m["msg_type"] == "comm_close"]
    assert COMM_ID not in closed


# -- while a cell runs -----------------------------------------------------------------------------


@pytest.mark.parametrize("named", [True, False], ids=["subshell", "no subshell"])
@pytest.mark.parametrize("cell", [BLOCKS, GUEST], ids=["blocking", "awaited"])
def test_pages_are_answered_while_a_cell_runs(kernel, page, cell, named):
    late = ("6.",) if named else ("6.", "7.3")
    arrives = not kernel.version.startswith(late)
    page.subshell = page.subshell if named else None
    running = kernel.begin(cell.replace("SECONDS", str(PATIENCE if arrives else 1)))
    kernel.until(running.stream)
    page.say("hello")
    kernel.until(lambda: page.of_kind("welcome"))
    assert (running.msg_id not in kernel.idle) == arrives
    if arrives:
        kernel.interrupt()
    kernel.end(running)


def test_stop_ends_all_guests_as_the_button_does(kernel, page):
    if kernel.version.startswith("6."):
        pytest.skip("this ipykernel hears of nothing while a cell runs")
    kernel.run(c(SPINS, "--background"))
    running = kernel.begin(c(SPINS))
    kernel.until(running.stream)
    done = page.ask("stop")
    assert len(done["stopped"]) == 2
    kernel.end(running)
    assert running.error == ""
    assert page.ask("stop")["stopped"] == []


def test_stop_ends_a_build(kernel, page):
    if kernel.version.startswith("6."):
        pytest.skip("this ipykernel hears of nothing while a cell runs")
    kernel.run("import os; os.mkfifo('endless.h')")
    building = kernel.begin(c('#include "endless.h"\n'))
    kernel.until(lambda: page.ask("stop")["stopped"])
    kernel.end(building)
    assert building.error == "Stopped"
    assert "You cancelled the build" in building.traceback


def test_what_guests_generate_is_told_together_and_then_that_none_does(kernel, page, slow):
    page.hello()
    for _ in range(2):
        kernel.run(c(SILENT, "--background"))
    kernel.until(lambda: any(len(said["runs"]) == 2 for said in page.of_kind("generating")))
    [both] = [said for said in page.of_kind("generating") if len(said["runs"]) == 2][:1]
    assert 20 < both["rate"] < 110  # each has 20 ms a token
    assert page.hello()["generating"]["rate"] > 0
    page.ask("stop")
    kernel.until(lambda: page.of_kind("generating")[-1]["rate"] is None)
    assert page.of_kind("generating")[-1]["runs"] == []


# -- marks -----------------------------------------------------------------------------------------


def test_a_build_that_fails_is_marked_where_it_fails_until_it_works(kernel, page):
    assert kernel.run(c(BROKEN), "cell 1").error == "BuildError"
    [mark] = page.marks("cell 1")
    assert "missing" in mark.pop("message")
    error = {"severity": "error", "line": 3, "column": 10, "source": "clang"}
    assert mark == error | {"text": "  return missing;"}
    assert [known["cell"] for known in page.hello()["marks"]] == ["cell 1"]
    assert kernel.run(c(BROKEN.replace("missing", "0")), "cell 1").error == ""
    assert page.marks("cell 1") == []
    assert page.hello()["marks"] == []


def test_lines_are_those_of_the_whole_cell(kernel, page):
    kernel.run("%%time\n" + c(BROKEN), "cell 2")
    [mark] = page.marks("cell 2")
    assert (mark["line"], mark["text"]) == (4, "  return missing;")
    kernel.run(c("void other(void) {}\n", "--timeout 9"), "cell 2")
    [mark] = page.marks("cell 2")
    assert (mark["line"], mark["column"]) == (1, 0)
    assert mark["text"] == "%%wasinn c --timeout 9"
    assert "main" in mark["message"]
    kernel.run(c(WARNS), "cell 2")
    [mark] = page.marks("cell 2")
    assert (mark["severity"], mark["line"], mark["column"]) == ("warning", 3, 7)


def test_a_trap_is_marked_in_the_cell_of_its_source_whoever_runs_it(kernel, page):
    assert kernel.run(c(TRAPS, "--name fragile"), "cell 3").error == ""
    assert page.marks("cell 3") == []
    assert kernel.run("fragile.run(args=['now'])", "cell 4").error == "GuestTrap"
    [trap] = page.marks("cell 3")
    assert (trap["severity"], trap["line"], trap["source"]) == ("trap", 3, "wasmtime")
    assert trap["text"] == "  /* ä */ if (count > 1) __builtin_trap();"
    assert trap["text"][trap["column"] - 1] == ">"
    assert "trapped" in trap["message"]
    kernel.run("fragile.run()", "cell 4")
    assert page.marks("cell 3") == []
    assert not [said for said in page.of_kind("marks") if said["cell"] == "cell 4"]


def test_a_trap_in_the_background_is_marked_when_it_comes(kernel, page):
    kernel.run(c(TRAPS, "--background -- now"), "cell 5")
    kernel.until(lambda: page.marks("cell 5"))
    assert page.marks("cell 5")[0]["severity"] == "trap"


def test_a_guest_of_an_older_build_marks_nothing(kernel, page):
    kernel.run(c(TRAPS, "--name old --no-run"), "cell 6")
    kernel.run(c(TRAPS.replace("count", "number"), "--no-run"), "cell 6")
    assert kernel.run("old.run(args=['now'])").error == "GuestTrap"
    page.hello()
    assert page.marks("cell 6") == []


def test_a_cell_without_a_name_is_not_marked(kernel, page):
    assert kernel.run(c(BROKEN)).error == "BuildError"
    known = {known["cell"] for known in page.hello()["marks"]}
    assert not page.of_kind("marks")
    assert "" not in known


# -- guests, settings, words -----------------------------------------------------------------------


def test_guests_are_listed_by_their_cells_and_can_be_had_as_files(kernel, page):
    kernel.run(c("int main(void) { return 0; }\n", "--name same"), "cell 7")
    kernel.run(c("int main(void) { return 1 - 1; }\n", "--name same"), "cell 8")
    rows = page.ask("guests")["guests"]
    newest = {}
    for row in rows:
        newest.setdefault(row["cell"], row)
    assert (rows[0]["name"], rows[0]["cell"], rows[0]["language"]) == ("same", "cell 8", "c")
    label = newest["cell 7"]["name"]
    assert label.startswith("In[")
    done = page.ask("wasm", name="same")
    [wasm] = done["buffers"]
    assert (done["name"], done["file"], len(wasm)) == ("same", "same.wasm", rows[0]["size"])
    assert bytes(wasm[:4]) == b"\0asm"
    other = page.ask("wasm", name=label)
    assert other["file"] == f"In-{label[3:-1]}.wasm"
    assert page.ask("wasm", name="nothing")["kind"] == "refused"
    text = page.ask("wat", name="same")
    assert text["text"].startswith("(module")
    assert not text["cut"]


def test_settings_of_the_page_count_where_the_user_has_set_none(kernel, page):
    rates = "print(get_ipython().magics_manager.registry['WasinnMagics'].paints)"
    assert kernel.run(rates).stream() == "20.0\n"
    assert page.ask("prefer", frame_rate=10, stream=False)["kind"] == "done"
    assert kernel.run(rates).stream() == "10.0\n"
    assert page.ask("prefer", frame_rate=0)["kind"] == "refused"
    assert kernel.run(rates).stream() == "10.0\n"
    page.ask("prefer", frame_rate=None, stream=None)
    assert kernel.run(rates).stream() == "20.0\n"


def test_help_has_the_words_of_the_magics(page):
    table = page.ask("help")
    assert "after so many seconds" in table["cell"]["--timeout"]
    assert table["verbs"]["load"]["summary"].startswith("Register a model")
    assert "answer in capitals" in table["settings"]["shout"].lower()


def test_completion_offers_no_python_in_the_body_of_a_guest(kernel):
    def complete(code):
        return kernel.ask("complete", code=code, cursor_pos=len(code))["matches"]

    kernel.run("printed = 1")
    assert complete("%%wasinn c\nint main(void) { prin") == []
    assert complete("%%wasinn z") == ["zig"]
    assert complete("%%wasinn c --ti") == ["--timeout"]
    assert "printed" in complete("x = 1\nprin")
    assert complete("x = 1\n%wasinn unl") == ["unload"]
    assert complete("x = 1\ny = %wasinn mod") == ["models"]
    # the front end sends the whole cell, and where the cursor is in it
    found = kernel.ask("complete", code="%%wasinn c --ti\nint main() {}\n", cursor_pos=15)
    assert (found["matches"], found["cursor_start"], found["cursor_end"]) == (["--timeout"], 11, 15)
    found = kernel.ask("complete", code="\u00e4 = 1\n%wasinn unl\nprint(1)", cursor_pos=17)
    assert (found["matches"], found["cursor_start"], found["cursor_end"]) == (["unload"], 14, 17)
