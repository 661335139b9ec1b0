"""The token stream in JupyterLab: text as it is generated, Stop, and what happens to pages."""

from __future__ import annotations

import os
import re
import signal
import time

import nbformat
import pytest

from tests.browser.lab import PATIENCE, open_notebook, output, run_cell, save, screenshot, set_theme

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


LOAD = "%load_ext wasinn_nb\n%wasinn load story builtin:tinytales\nimport os; os.getpid()"

# tells stories until it is stopped, and prints nothing
TELLER = r"""%%wasinn c
#include <wasi_nn_llm.h>
int main(void) {
    wnn_model model;
    wnn_context context;
    if (wnn_load(&model, "story") || wnn_open(&context, &model)) return 1;
    for (;;)
        if (wnn_generate(&context, "Once upon a time", NULL, NULL, NULL)) return 2;
}
"""
BACKGROUND = TELLER.replace("%%wasinn c", "%%wasinn c --background", 1)

# a widget that shows what the test wants; it is fed from a thread, as a run does it
FEED = """
import threading, time
import wasinn_nb as wn
from wasinn_nb.notebook.figures import Standing
stream = wn.TokenStream()

def feed(text, times=1):
    def show():
        for count in range(1, times + 1):
            stream.text.append(text)
            stream.show(Standing(label=LABEL, state="generating", tokens=count, rate=5000.0))
            time.sleep(0.05)
    thread = threading.Thread(target=show)
    thread.start()
    return thread

LABEL = "<img src=x onerror=document.title='owned'>"
stream
"""
HOSTILE = [
    "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">\n",
    "\x1b[31mred\x1b[0m \0 \x7f\n",
    "\u202eover all that follows\nnot over this\n",
    "\u05e9\u05dc\u05d5\u05dd from right to left\n",
    "fami", "ly: \U0001f468\u200d", "\U0001f469\u200d\U0001f467 e", "\u0301\r\n",
    "# A heading\n\n![a picture](https://example.org/?secret)\n\n<b onclick='x()'>bold</b>\n",
]  # fmt: skip


def view(page, at=0):
    return page.locator(".wasinn-stream").nth(at)


def text(page, at=0):
    return view(page, at).locator(".wasinn-stream-text")


def button(page, name, at=0):
    return view(page, at).get_by_role("button", name=name, exact=True)


def says(page, words, at=0):
    """Wait until the line of a view says it."""
    view(page, at).locator(".wasinn-line-text").filter(has_text=words).wait_for()


def grows(page, by, at=0):
    """Wait until more text is shown."""
    come = text(page, at).evaluate(_COME)
    page.wait_for_function(
        f"([at, n]) => ({_COME})(document.querySelectorAll('.wasinn-stream-text')[at]) > n",
        arg=[at, come + by],
    )


def reaches(page, length):
    """Wait until so much text is shown."""
    page.wait_for_function(
        "n => document.querySelector('.wasinn-stream-text').textContent.length >= n", arg=length
    )


def scroll(page, at=0):
    """How far the region is from its end, and whether it has anything to scroll; in pixels."""
    return text(page, at).evaluate(
        "r => [r.scrollHeight - r.clientHeight - r.scrollTop, r.scrollHeight - r.clientHeight]"
    )


def kernel_pid(page, index=0):
    return int(output(page, index).last.text_content())


def saved_outputs(path, index):
    """What the saved notebook has for a cell."""
    save_format = nbformat.read(path, as_version=4)
    return save_format.cells[index].outputs


def opened(page, server, name, *cells):
    """A notebook whose first cell, which loads the model, has run."""
    path = server.write(name, [LOAD, *cells])
    open_notebook(page, server, name)
    run_cell(page, 0)
    return path


# the last one stays for the tests that follow
@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_it_streams_until_it_is_stopped_and_the_saved_notebook_is_complete(page, server, theme):
    path = opened(page, server, f"stop-{theme}.ipynb", TELLER, "print('next')")
    set_theme(page, theme)
    run_cell(page, 1, wait=False)
    says(page, "generating")
    grows(page, 2000)
    assert page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt").text_content() == "[*]:"
    left, scrollable = scroll(page)
    assert left < 2 < scrollable
    screenshot(page, f"stream-{theme.lower()}")

    # by keyboard: from the text back over the buttons
    text(page).focus()
    for name in ("Markdown", "Copy", "Stop"):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("() => document.activeElement.textContent") == name
    pressed = time.perf_counter()
    page.keyboard.press("Enter")
    output(page, 1).filter(has_text="stopped").wait_for()
    print(f"Stop pressed to stopped, as seen: {time.perf_counter() - pressed:.3f} s")
    view(page).wait_for(state="detached")
    # the focus is where one goes on from, and not lost with the button
    page.wait_for_function("() => document.activeElement.classList.contains('jp-Cell')")
    screenshot(page, f"stream-stopped-{theme.lower()}")

    run_cell(page, 2)
    assert output(page, 2).text_content().strip() == "next"
    save(page)
    [told] = saved_outputs(path, 1)
    assert set(told.data) == {"text/plain", "text/html"}
    line, story = told.data["text/plain"].split("\n", 1)
    assert "tok/s" in line
    assert line.endswith("stopped")
    assert len(story) > 2000
    assert "\u2014\u2014\u2014" in told.data["text/html"]


def test_reloaded_in_mid_stream_and_in_a_second_tab_it_goes_on_and_all_get_the_end(page, server):
    path = opened(page, server, "reload.ipynb", TELLER)
    run_cell(page, 1, wait=False)
    grows(page, 2000)
    begins = text(page).text_content()[:200]
    save(page)
    page.reload()
    grows(page, 500)
    says(page, "generating")
    button(page, "Stop").wait_for()
    if "characters before this" not in text(page).text_content():
        assert text(page).text_content().startswith(begins)
    screenshot(page, "stream-reloaded")

    other = page.context.new_page()
    open_notebook(other, server, "reload.ipynb")
    grows(other, 500)
    button(other, "Stop").click()
    for tab in (page, other):
        output(tab, 1).filter(has_text="stopped").wait_for()
        view(tab).wait_for(state="detached")
    assert output(page, 1).text_content() == output(other, 1).text_content()
    save(page)
    [told] = saved_outputs(path, 1)
    assert set(told.data) == {"text/plain", "text/html"}


def test_a_tab_that_was_closed_in_mid_stream_finds_the_end_when_it_is_opened_again(page, server):
    # until the page is gone, however long it takes a page to see the text and to be saved
    some = TELLER.replace("%%wasinn c", "%%wasinn c --dir gone", 1)
    some = some.replace("#include", "#include <unistd.h>\n#include", 1)
    some = some.replace("for (;;)", 'while (access("gone/indeed", F_OK))')
    some = some.replace("return 2;\n", "return 2;\n    return 0;\n")
    (server.root / "gone").mkdir()
    opened(page, server, "closed.ipynb", some, "open('ended', 'w').close()")
    run_cell(page, 1, wait=False)
    run_cell(page, 2, wait=False)
    grows(page, 200)
    save(page)
    page.goto("about:blank")
    (server.root / "gone" / "indeed").touch()
    until = time.monotonic() + PATIENCE
    while not (server.root / "ended").exists():
        assert time.monotonic() < until, "the run does not end"
        time.sleep(0.1)
    open_notebook(page, server, "closed.ipynb")
    output(page, 1).filter(has_text="the text ended").wait_for()
    view(page).wait_for(state="detached")


def test_background_runs_stream_into_their_own_outputs_until_their_kernel_ends(page, server):
    opened(page, server, "background.ipynb", BACKGROUND, BACKGROUND, "print('meanwhile')")
    run_cell(page, 1)
    run_cell(page, 2)
    for index in (1, 2):
        output(page, index).locator(".wasinn-stream").wait_for()
    run_cell(page, 3)
    assert "meanwhile" in output(page, 3).text_content()
    for at in (0, 1):
        grows(page, 300, at)
    assert [output(page, n).locator(".wasinn-stream").count() for n in (1, 2, 3)] == [1, 1, 0]
    button(page, "Stop", at=0).click()
    output(page, 1).filter(has_text="stopped").wait_for()
    grows(page, 300)
    screenshot(page, "stream-background")

    pid = kernel_pid(page)
    # a kernel that does not answer: words take the place of the button, and give it back
    os.kill(pid, signal.SIGSTOP)
    button(page, "Markdown").click()
    view(page).get_by_text("Interrupt the kernel").wait_for()
    assert button(page, "Stop").count() == 0
    screenshot(page, "stream-silent")
    os.kill(pid, signal.SIGCONT)
    button(page, "Stop").wait_for()
    button(page, "Stop").focus()
    os.kill(pid, signal.SIGKILL)
    # what there is stays, and needs no kernel
    output(page, 2).filter(has_text="kernel ended after").wait_for()
    view(page).wait_for(state="detached")
    assert len(output(page, 2).text_content()) > 300
    page.get_by_role("button", name="Ok", exact=True).click()
    screenshot(page, "stream-killed")


def test_a_long_text_stays_bounded_and_at_its_end_unless_the_user_scrolls(page, server):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    part = "one line of the text\n" * 100
    more = "_ = feed('one line of the text\\n' * 100, parts.pop(0))"
    opened(page, server, "long.ipynb", FEED, "parts = [10, 10, 180]\nstream", more)
    run_cell(page, 1)
    page.evaluate(_MEASURE)
    run_cell(page, 2)
    run_cell(page, 3)
    reaches(page, 10 * len(part))
    text(page).hover()
    page.mouse.wheel(0, -300)
    button(page, "\u2193 Jump to end").wait_for()
    top = text(page).evaluate("region => region.scrollTop")
    run_cell(page, 3)
    reaches(page, 20 * len(part))
    assert text(page).evaluate("region => region.scrollTop") == top
    screenshot(page, "stream-scrolled-up")
    button(page, "\u2193 Jump to end").click()
    run_cell(page, 3)
    says(page, "180 tokens")
    for at in (0, 1):  # two views of one widget
        page.wait_for_function(
            "at => document.querySelectorAll('.wasinn-stream-note')[at].textContent"
            ".includes('characters before this')",
            arg=at,
        )
        assert scroll(page, at)[0] < 2
        length = text(page, at).evaluate("region => region.textContent.length")
        assert 100_000 <= length < 120_000
    print("frames and long tasks:", page.evaluate("() => window.measured()"))
    assert view(page).locator("*").count() < 100

    text(page).focus()
    page.keyboard.press("Home")
    page.wait_for_function("() => document.querySelector('.wasinn-stream-text').scrollTop === 0")
    page.keyboard.press("End")
    page.wait_for_function(
        "() => document.querySelector('.wasinn-stream-jump').hidden",
    )
    button(page, "Copy").click()
    button(page, "Copied").wait_for()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == part * 200


def test_a_load_says_how_far_it_is_and_is_cancelled(page, server, slow_download, tmp_path):
    setup = f"import os; os.environ['WASINN_NB_CACHE_DIR'] = {str(tmp_path)!r}\n"
    load = f"%wasinn load slow {slow_download.address}"
    server.write("load.ipynb", [f"{setup}%load_ext wasinn_nb\n{load}"])
    open_notebook(page, server, "load.ipynb")
    run_cell(page, 0, wait=False)
    line = page.locator(".wasinn-progress .wasinn-line")
    line.filter(has_text=re.compile(r"[1-9]\d? % \(\d+ s\)")).wait_for()
    assert line.get_by_role("progressbar").evaluate("bar => bar.value > 0 && bar.value < 1")
    screenshot(page, "progress")
    page.get_by_role("button", name="Cancel", exact=True).click()
    output(page, 0).filter(has_text="cancelled after").wait_for()
    line.wait_for(state="detached")
    # no traceback of ours, only what was done
    assert "Traceback" not in "".join(output(page, 0).all_text_contents())
    screenshot(page, "progress-cancelled")


def test_hostile_text_and_a_narrow_window_do_no_harm(page, server):
    opened(page, server, "hostile.ipynb", FEED, f"for one in {HOSTILE!r}: feed(one).join()")
    page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.set_viewport_size({"width": 320, "height": 900})
    run_cell(page, 1)
    run_cell(page, 2)
    says(page, "1 token")
    page.wait_for_function(
        "() => document.querySelector('.wasinn-stream-text').textContent.includes('bold')"
    )
    shown = text(page).text_content()
    assert "<script>document.title" in shown
    assert "\u241b[31mred\u241b[0m \u2400 \u2421" in shown
    assert "\U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301" in shown
    assert "<img src=x" in view(page).locator(".wasinn-line-label").text_content()
    widths = page.evaluate(_WIDTHS)
    assert widths["inside"] <= widths["outside"]
    assert widths["buttons"] == []
    text(page).scroll_into_view_if_needed()
    screenshot(page, "stream-narrow")
    button(page, "Markdown").click()
    text(page).locator("h1", has_text="A heading").wait_for()
    assert "<b onclick" in text(page).text_content()
    assert text(page).locator("img, script, b").count() == 0
    assert page.title() != "owned"
    screenshot(page, "stream-markdown")
    button(page, "Markdown").click()
    text(page).locator("h1").wait_for(state="detached")


_MEASURE = """() => {
  const long = [], gaps = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) long.push(Math.round(duration));
  }).observe({ entryTypes: ["longtask"] });
  let last;
  const frame = (now) => {
    if (last !== undefined) gaps.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  window.measured = () => {
    const sorted = gaps.toSorted((a, b) => a - b);
    const at = (share) => Math.round(sorted[Math.floor((sorted.length - 1) * share)]);
    return { frames: gaps.length, p50: at(0.5), p95: at(0.95), longest: at(1), long };
  };
}"""

# how much text has come, with what is not shown any more
_COME = """region => {
  const [gone] = region?.textContent.match(/[\\d,]+(?= characters before this are)/) ?? ["0"];
  return (region?.textContent.length ?? 0) + Number(gone.replaceAll(",", ""));
}"""

# the view's own width, what it takes, and the buttons that stick out of it
_WIDTHS = """() => {
  const view = document.querySelector(".wasinn-stream");
  const { left, right } = view.getBoundingClientRect();
  const out = [...view.querySelectorAll("button")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width > 0 && (box.left < left - 1 || box.right > right + 1);
  });
  return {
    inside: view.scrollWidth,
    outside: view.clientWidth,
    buttons: out.map((one) => one.textContent),
  };
}"""
