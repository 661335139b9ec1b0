"""The magics in an IPython without a kernel."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.utils.capture import capture_output

from tests.notebook.cells import HELLO, PRINTS_TOKENS
from tests.notebook.conftest import STORY
from wasinn_nb.guest.build.errors import BuildError, UnknownLanguage
from wasinn_nb.guest.errors import GuestError, GuestExit, GuestOutputLimit, GuestTimeout
from wasinn_nb.nn.errors import Busy, InvalidArgument, ModelNotFound, NotFound
from wasinn_nb.nn.record import ModelState
from wasinn_nb.notebook import verbs

COPY = """#include <stdio.h>
int main(int argc, char **argv) {
    static char data[1 << 20];
    const char *names[][2] = {{"/in/value", "/out/result"}, {"/in/value.json", "/out/result.json"}};
    for (int i = 0; i < 2; i++) {
        FILE *from = fopen(names[i][0], "rb");
        if (!from) continue;
        FILE *to = fopen(names[i][1], "wb");
        fwrite(data, 1, fread(data, 1, sizeof data, from), to);
        fclose(from);
        fclose(to);
    }
    int c;
    while ((c = getchar()) != EOF) putchar(c);
    return 0;
}
"""


@pytest.fixture
def loaded(shell, model):
    shell.run(f"%wasinn load default {model} --encoding ggml")
    shell.shown.clear()
    return shell


def test_loading_the_extension_is_silent_and_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.history_manager.enabled = False\n"
        "shell.run_cell('%load_ext wasinn_nb').raise_error()\n"
        "heavy = ['numpy', 'wasmtime', 'llama_cpp', 'huggingface_hub', 'wasinn_nb.guest.build',"
        " 'wasinn_nb.backends', 'platformdirs', 'psutil', 'asyncio.windows_events']\n"
        "sys.exit(repr([name for name in heavy if name in sys.modules]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr.strip()) == ("", "[]")


def test_unloading_undoes_everything(bare_shell, host, model):
    def state():
        return (
            set(bare_shell.magics_manager.magics["line"]),
            set(bare_shell.magics_manager.magics["cell"]),
            set(bare_shell.magics_manager.registry),
            list(bare_shell.configurables),
            list(bare_shell.Completer.custom_matchers),
            list(bare_shell.input_transformers_post),
            {name: list(found) for name, found in bare_shell.events.callbacks.items()},
            {
                mime: (dict(f.deferred_printers), dict(f.type_printers))
                for mime, f in bare_shell.display_formatter.formatters.items()
            },
        )

    bare_shell.run("%unload_ext nothing")
    before = state()
    bare_shell.run("%load_ext wasinn_nb")
    bare_shell.run(f"r = %wasinn load default {model} --encoding ggml")
    bare_shell.display_formatter.format(bare_shell.user_ns["r"])
    assert state() != before
    bare_shell.run("%unload_ext wasinn_nb")
    assert state() == before
    assert host.models() == []
    bare_shell.run("%load_ext wasinn_nb")
    bare_shell.run("%reload_ext wasinn_nb")
    assert len(bare_shell.Completer.custom_matchers) == 1
    assert len(bare_shell.run("%wasinn models")) == 0


def test_the_life_of_a_model(shell, model, backend, host):
    record = shell.run(f"%wasinn load chat {model} --encoding ggml --set window=32")
    assert record.state is ModelState.LOADED
    assert record.config["window"] == 32
    assert shell.run(f"%wasinn load chat {model} --encoding ggml --set window=32")
    assert backend.loads == 1, "the same load again is no load"
    records = shell.run("%wasinn models")
    assert [r.name for r in records] == ["chat"]
    text, rich = (
        shell.display_formatter.format(records)[0][m] for m in ("text/plain", "text/html")
    )
    assert "chat" in text
    assert "<table" in rich
    shell.run("%wasinn config chat --set shout=on --set window=64")
    assert dict(host.registry.describe("chat").pins) == {"shout": True, "window": 64}
    settings = shell.run("%wasinn config chat")
    assert ("window", 64, "pin") in settings
    shell.run("%wasinn config chat --unset shout")
    assert dict(host.registry.describe("chat").pins) == {"window": 64}
    shell.run("%wasinn config chat --reset")
    assert dict(host.registry.describe("chat").pins) == {}
    report = shell.run("%wasinn unload chat")
    assert report.was_loaded
    assert shell.run("%wasinn models")[0].state is ModelState.REGISTERED
    shell.run("%wasinn forget chat")
    assert shell.run("%wasinn models") == []


def test_a_bad_setting_changes_nothing(loaded, host):
    with pytest.raises(InvalidArgument, match="windov"):
        loaded.run("%wasinn config default --set shout=on --set windov=3")
    assert dict(host.registry.describe("default").pins) == {}


def test_a_model_from_a_variable_and_preload(shell, model, host):
    shell.user_ns["data"] = model.read_bytes()
    shell.user_ns["path"] = model
    shell.run("%wasinn load one $data --encoding ggml")
    shell.run("%wasinn load two $path --encoding ggml")
    shell.run(f"%wasinn preload three:GGML:CPU:{model}")
    states = {record.name: record.state for record in host.models()}
    assert states == {
        "one": ModelState.LOADED,
        "two": ModelState.LOADED,
        "three": ModelState.REGISTERED,
    }


def test_unload_without_a_name_asks_which(shell):
    with pytest.raises(UsageError, match="--all"):
        shell.run("%wasinn unload")
    with pytest.raises(NotFound):
        shell.run("%wasinn unload nothing")


def test_a_cell_prints_and_binds_its_run(loaded):
    with capture_output(display=False) as captured:
        value = loaded.run(f"%%wasinn c --name story --result mine -- once\n{PRINTS_TOKENS}")
    assert value is None
    assert captured.stdout.split() == f"once {STORY}".split()
    run = loaded.user_ns["_wasinn"]
    assert run is loaded.user_ns["mine"]
    assert run.state == "finished"
    assert any("tok/s" in text for text in loaded.shown)
    guest = loaded.user_ns["story"]
    assert guest.run(args=["twice"]).stdout.split() == f"twice {STORY}".split()
    assert [g.name for g in loaded.run("%wasinn guests")] == ["story"]


def test_only_the_models_that_are_named_may_be_loaded(loaded, model):
    loaded.run(f"%wasinn load other {model} --encoding ggml")
    with capture_output() as captured, pytest.raises(GuestExit) as caught:
        loaded.run(f"%%wasinn c --model some=other\n{PRINTS_TOKENS}")
    assert caught.value.code == 10
    with capture_output() as captured:
        loaded.run(f"%%wasinn c --model default=other\n{PRINTS_TOKENS}")
    assert "cat" in captured.stdout


@pytest.mark.parametrize(
    "value", [b"\x00\xff", "é\n", np.arange(6, dtype=np.float32).reshape(2, 3)]
)
def test_values_go_in_and_come_back(shell, value):
    shell.user_ns["value"] = value
    shell.run(f"%%wasinn c --in value --out result\n{COPY}")
    result = shell.user_ns["result"]
    if isinstance(value, np.ndarray):
        assert (result.dtype, result.shape) == (value.dtype, value.shape)
        assert (result == value).all()
    else:
        assert result == (value.encode() if isinstance(value, str) else value)


def test_standard_input_environment_and_directories(shell, tmp_path):
    shell.user_ns["text"] = "typed\n"
    with capture_output() as captured:
        shell.run(f"%%wasinn c --stdin text\n{COPY}")
    assert captured.stdout == "typed\n"
    (tmp_path / "note").write_text("from the host")
    source = """#include <stdio.h>
#include <stdlib.h>
int main(void) {
    char text[99] = {0};
    fread(text, 1, 98, fopen("/granted/note", "rb"));
    FILE *out = fopen("/granted/new", "w");
    printf("%s %s %s", getenv("WHO"), text, out ? "written" : "read-only");
    return 0;
}
"""
    for mode, wanted in (("", "read-only"), (":rw", "written")):
        with capture_output() as captured:
            shell.run(f"%%wasinn c --env WHO=me --dir {tmp_path}:/granted{mode}\n{source}")
        assert captured.stdout.rstrip("\n") == f"me from the host {wanted}"


def test_a_missing_variable_is_named_with_the_nearest(shell):
    shell.user_ns["values"] = b""
    with pytest.raises(UsageError, match=r"no variable 'value'\. Did you mean values"):
        shell.run(f"%%wasinn c --in value\n{HELLO}")
    with pytest.raises(UsageError, match=r"no variable 'ope'\.$"):  # a function is no value
        shell.run(f"%%wasinn c --in ope\n{HELLO}")
    shell.user_ns["number"] = 3
    with pytest.raises(UsageError, match="--stdin: number is a int"):
        shell.run(f"%%wasinn c --stdin number\n{HELLO}")


def test_build_only_run_and_export(shell, tmp_path):
    shell.run(f"%%wasinn c --name hi --no-run\n{HELLO}")
    assert "_wasinn" not in shell.user_ns
    shell.run(f"%wasinn export hi {tmp_path}/hi.wasm")
    with capture_output() as captured:
        run = shell.run(f"%wasinn run {tmp_path}/hi.wasm -- 'two words'")
        shell.run("again = %wasinn run hi -- again")
    assert captured.stdout.startswith("hello two words\nOut[")
    assert "hi.wasm #1: finished, exit code 0" in captured.stdout
    assert captured.stdout.endswith("hello again\n")
    assert run.exit_code == 0
    assert shell.user_ns["again"].stdout == "hello again\n"
    shell.run(f"%wasinn export hi {tmp_path}/hi.wat")
    text = (tmp_path / "hi.wat").read_text(encoding="utf-8")
    assert text == shell.user_ns["hi"].wat
    shell.run(f"%%wasinn wat -- text\n{text}")
    assert shell.user_ns["_wasinn"].stdout == "hello text\n"
    with pytest.raises(UsageError, match="Did you mean hi"):
        shell.run(f"%wasinn export hii {tmp_path}/x.wasm")


def test_limits(shell):
    endless = "int main(void) { for (volatile int n = 0;; n++) {} }\n"
    with pytest.raises(GuestTimeout):
        shell.run(f"%%wasinn c --timeout 0.2\n{endless}")
    shell.run("%config WasinnMagics.timeout = 0.2")
    with pytest.raises(GuestTimeout):
        shell.run(f"%%wasinn c\n{endless}")


def test_settings_are_listed_and_checked(shell, host, caplog):
    magics = shell.magics_manager.registry["WasinnMagics"]
    with capture_output() as captured:
        shell.run("%config WasinnMagics")
    for name in ("frame_rate", "timeout", "memory_budget_mib", "threads", "compat", "warm_up"):
        assert f"WasinnMagics.{name}" in captured.stdout
    shell.run("%config WasinnMagics.memory_budget_mib = 500")
    shell.run("%wasinn models")
    assert host.registry.memory_budget == 500 << 20
    shell.run("%config WasinnMagics.memory_budget_mib = None")
    assert host.registry.memory_budget is None
    wrong = ("frame_rate = 0", "timeout = -1", "compat = 'x'", "threads = 0")
    for bad in (*wrong, "memory_limit_mib = 4097"):
        name, _, value = bad.partition(" = ")
        caplog.clear()
        shell.run_cell(f"%config WasinnMagics.{bad}")
        assert name in caplog.text
        assert str(getattr(magics, name)) != value


def test_help(shell):
    for line in ("%wasinn", "%wasinn --help"):
        with capture_output() as captured:
            shell.run(line)
        for verb in verbs.verbs():
            assert verb in captured.stdout
    with capture_output() as captured:
        shell.run("%wasinn load --help")
        shell.run("%%wasinn --help\nint x;")
    assert "--set KEY=VALUE" in captured.stdout
    assert "--memory-limit MIB" in captured.stdout
    assert "--no-stream" in shell.find_cell_magic("wasinn").__doc__
    assert "unload" in shell.find_line_magic("wasinn").__doc__


def test_a_misspelt_model_gets_the_nearest_name(loaded):
    with pytest.raises(NotFound) as caught:
        loaded.run("%wasinn models defualt")
    assert caught.value.hint == "Did you mean default?"


def test_mistakes(shell):
    with pytest.raises(UsageError, match="Did you mean load"):
        shell.run("%wasinn laod x y")
    with pytest.raises(UsageError, match="no source"):
        shell.run("%%wasinn c\n\n")
    with pytest.raises(UnknownLanguage, match="Known are: c, cpp, zig, "):
        shell.run("%%wasinn cobol\nx\n")
    with pytest.raises(UsageError, match="'class' is not a name"):
        shell.run(f"%%wasinn c --name class\n{HELLO}")
    with pytest.raises(NotFound, match="no model named 'nothing'"):
        shell.run(f"%%wasinn c --model it=nothing\n{HELLO}")
    with pytest.raises(InvalidArgument, match="'/dev/null' is not a directory"):
        shell.run(f"%%wasinn c --dir /dev/null\n{HELLO}")


def test_a_line_that_failed_registers_nothing(shell, host):
    with pytest.raises(ModelNotFound):
        shell.run("%wasinn load typo /no/such/file")
    assert host.models() == []


def test_line_numbers_count_from_the_top_of_the_cell(shell):
    with pytest.raises(BuildError) as caught:
        shell.run("%%wasinn c\n\n\nint main(void) { return bug; }\n")
    assert f"In[{shell.execution_count - 1}]:4:25: error" in str(caught.value)
    with capture_output() as captured:
        shell.run_cell("%%time\n%%wasinn c\nint main(void) { return bug; }\n")
    assert ":3:25: error" in captured.stdout


def test_what_is_shown_of_an_error(shell):
    with capture_output() as captured:
        shell.run_cell("%wasinn unload nothing")
    assert "NotFound" in captured.stdout
    assert "%wasinn load nothing SOURCE" in captured.stdout
    assert "Traceback" not in captured.stdout
    assert "File" not in captured.stdout


def test_calls_from_python_fail_at_the_users_own_line(shell):
    with capture_output() as captured:
        shell.run_cell("import wasinn_nb\ndef mine():\n    wasinn_nb.host().unload('it')\nmine()")
    assert "in \x1b[36mmine" in captured.stdout or "in mine" in captured.stdout
    assert "There is no model named 'it'." in captured.stdout
    assert "registry" not in captured.stdout
    assert "wasinn_nb/api" not in captured.stdout
    with capture_output() as captured:
        shell.run("%unload_ext wasinn_nb")
        shell.run_cell("wasinn_nb.host().unload('it')")
    assert "wasinn_nb/api" in captured.stdout


def test_loading_with_a_wrong_setting_says_which(bare_shell):
    bare_shell.config.WasinnMagics.timeout = -1
    with pytest.raises(UsageError, match=r"timeout is -1.*load the extension again"):
        bare_shell.run("%load_ext wasinn_nb")


def test_a_busy_model_says_who_uses_it(loaded):
    loaded.run("%wasinn config default --set token-ms=20 --set window=9000")
    with capture_output():
        loaded.run(f"%%wasinn c --name teller --background\n{PRINTS_TOKENS}")
        run = loaded.user_ns["_wasinn"]
        while run.tokens < 2:
            pass
        with pytest.raises(Busy, match="teller"):
            loaded.run("%wasinn unload default")
        run.cancel()
        loaded.run("%wasinn unload default --wait 5")


def test_completion_through_ipython(loaded):
    def complete(text):
        with provisionalcompleter():
            found = loaded.Completer.completions(text, len(text))
            return [completion.text for completion in found]

    assert complete("%wasinn unl") == ["unload"]
    assert complete("%wasinn unload ") == ["default"]
    assert complete("%wasinn config default --set shout=") == ["true", "false"]
    assert complete("%%wasinn c --comp") == ["--compat"]
    assert "%%wasinn" in complete("%%wasi")


def test_health(shell):
    statuses = shell.run("%wasinn backends")
    assert [status.library for status in statuses] == ["echo"]
    checks = {check.subject: check for check in shell.run("%wasinn doctor")}
    assert checks["c cells"].well
    assert "terminal" in checks["front end"].found
    assert "threads" in checks
    assert "build cache" in checks


def test_a_model_that_had_to_make_room_is_named(shell, model):
    shell.run("%config WasinnMagics.memory_budget_mib = 15")
    shell.run(f"%wasinn load first {model} --encoding ggml --set size=10000000")
    with capture_output() as captured:
        shell.run(f"%wasinn load second {model} --encoding ggml --set size=10000000")
    assert "Unloaded 'first' to make room for 'second'" in captured.stderr
    shell.run("%config WasinnMagics.memory_budget_mib = None")


def test_compiler_options(shell):
    overflow = (
        "#include <stdio.h>\nint main(int argc, char **argv) {\n"
        '  int big = 2147483647;\n  big += argc;\n  printf("%d", N);\n  return big == 0;\n}\n'
    )
    with capture_output() as captured:
        shell.run(f"%%wasinn c --flag=-DN=42\n{overflow}")
    assert captured.stdout.strip() == "42"
    with capture_output() as captured, pytest.raises(GuestError):
        shell.run(f"%%wasinn c --flag=-DN=42 --debug\n{overflow}")
    assert "overflow" in captured.stderr


def test_output_limit(shell):
    endless = '#include <stdio.h>\nint main(void) { for (;;) puts("again"); }\n'
    with capture_output() as captured, pytest.raises(GuestOutputLimit):
        shell.run(f"%%wasinn c --output-limit 1\n{endless}")
    assert len(captured.stdout) <= 2 << 20


def test_only_the_latest_unnamed_guests_are_kept(shell, host):
    shell.run('%%wasinn wat --name kept --no-run\n(module (func (export "_start")))\n')
    for _ in range(55):
        host.build('(module (func (export "_start")))', "wat", label=f"In[{_}]")
    assert len(host.guests) == 51
    assert "kept" in host.guests
    assert "In[54]" in host.guests
    assert "In[3]" not in host.guests


def test_settings_of_a_guest_that_nothing_has_are_told_after_the_run(loaded):
    source = (
        "#include <string.h>\n#include <wasi_nn.h>\n"
        "int main(void) {\n"
        '    const char *config = "{\\"nonsense\\": 1}";\n'
        "    wasi_nn_graph graph;\n"
        "    return wasi_nn_load_by_name_with_config(\n"
        '        "default", 7, config, strlen(config), &graph);\n'
        "}\n"
    )
    with capture_output() as captured:
        loaded.run(f"%%wasinn c\n{source}")
    assert "warning: " in captured.stderr
    assert "nonsense" in captured.stderr


@pytest.mark.parametrize(
    ("question", "said"), [("%wasinn?", "doctor"), ("%%wasinn?", "--no-stream")]
)
def test_question_marks(shell, question, said, monkeypatch):
    pages = []
    monkeypatch.setattr("IPython.core.page.page", lambda data, *_a, **_k: pages.append(str(data)))
    shell.run_cell(question)
    assert said in "".join(pages)
