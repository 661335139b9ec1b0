"""How live views end in JupyterLab: nothing moves, nothing is lost, and it is said aloud."""

from __future__ import annotations

import re
import time

import pytest

from tests.browser.lab import PATIENCE, open_notebook, output, run_cell, save
from tests.browser.test_stream import TELLER, button, grows, opened, text

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# where the text of the second cell is, live or static, what follows it, and what has the focus
_PLACES = """() => {
  const cells = document.querySelectorAll(".jp-CodeCell");
  const output = cells[1].querySelector(".jp-OutputArea-output");
  const region = output.querySelector(".wasinn-stream-text") ?? output.querySelector("pre");
  const box = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return [x, y, width, height].map(Math.round);
  };
  return {
    places: { line: box(output).slice(0, 2), text: box(region), next: box(cells[2]) },
    top: region.scrollTop,
    left: region.scrollHeight - region.clientHeight - region.scrollTop,
    focused: region === document.activeElement,
  };
}"""


def test_nothing_moves_when_a_view_becomes_text(page, server):
    opened(page, server, "swap.ipynb", TELLER, "1")

    def stop():
        # by script, for a person's click would take the focus and the scroll along
        button(page, "Stop").evaluate("button => button.click()")
        output(page, 1).filter(has_text="stopped").wait_for()
        output(page, 1).locator("pre").wait_for()
        return page.evaluate(_PLACES)

    run_cell(page, 1, wait=False)
    grows(page, 4000)
    live = page.evaluate(_PLACES)
    static = stop()
    assert static["places"] == live["places"]
    assert (live["left"] < 2, static["left"] < 2, static["focused"]) == (True, True, False)
    last = page.locator("#wasinn-last-words > :last-child")
    assert re.fullmatch(r"stopped, [\d,]+ tokens", last.text_content())

    # who reads further up goes on there, with the keyboard too
    run_cell(page, 1, wait=False)
    grows(page, 4000)
    text(page).focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageDown")
    button(page, "\u2193 Jump to end").wait_for()
    page.wait_for_function("() => document.querySelector('.wasinn-stream-text').scrollTop > 200")
    page.evaluate(_AT_ITS_PLACE)
    live = page.evaluate(_PLACES)
    static = stop()
    assert static["places"] == live["places"]
    assert (static["top"], static["focused"]) == (live["top"], True)
    page.keyboard.press("ArrowDown")
    page.wait_for_function("top => document.activeElement.scrollTop > top", arg=static["top"])


def test_a_tab_that_was_closed_during_a_load_finds_its_end(page, server, slow_download, tmp_path):
    setup = f"import os; os.environ['WASINN_NB_CACHE_DIR'] = {str(tmp_path)!r}\n"
    load = f"{setup}%load_ext wasinn_nb\n%wasinn load slow {slow_download.address}\nNone"
    server.write("load.ipynb", [load, "open('loaded', 'w').close()"])
    open_notebook(page, server, "load.ipynb")
    run_cell(page, 0, wait=False)
    run_cell(page, 1, wait=False)
    page.locator(".wasinn-progress").wait_for()
    save(page)
    page.goto("about:blank")
    slow_download.finish.set()
    until = time.monotonic() + PATIENCE
    while not (server.root / "loaded").exists():
        assert time.monotonic() < until, "the load does not end"
        time.sleep(0.1)
    open_notebook(page, server, "load.ipynb")
    output(page, 0).filter(has_text=": took").wait_for()
    page.locator(".wasinn-progress").wait_for(state="detached")


def test_a_lost_connection_is_caught_up_with(page, server):
    page.set_viewport_size({"width": 1280, "height": 2400})
    page.add_init_script(_CONNECTION)
    opened(page, server, "lost.ipynb", TELLER, "%wasinn config story", "%wasinn panel")
    for index in (2, 3):
        run_cell(page, index)
    run_cell(page, 1, wait=False)
    grows(page, 1000)
    panel, form = page.locator(".wasinn-panel"), page.locator(".wasinn-config")
    page.evaluate("() => window.connect(false)")
    page.wait_for_timeout(1500)
    length = text(page).evaluate("region => region.textContent.length")
    # what is asked for now is answered later
    button(page, "Stop").click()
    panel.get_by_role("button", name="Unload story").click()
    page.wait_for_timeout(1500)
    assert text(page).evaluate("region => region.textContent.length") == length
    page.evaluate("() => window.connect(true)")
    output(page, 1).filter(has_text="stopped").wait_for()
    # a question about the run went with it, if there was time for one
    unload = panel.get_by_role("button", name="Unload story")
    freed = panel.get_by_text("given back").first  # and what a screen reader says
    while not freed.is_visible():
        if unload.is_visible():
            unload.click()
        page.wait_for_timeout(300)
    form.get_by_role("slider").first.press("ArrowLeft")
    form.locator(".wasinn-config-said").filter(has_not_text="No changes").wait_for()


# when the region has moved to where it was told to
_AT_ITS_PLACE = """async () => {
  const region = document.querySelector(".wasinn-stream-text");
  let top;
  do {
    top = region.scrollTop;
    await new Promise((done) => setTimeout(done, 300));
  } while (region.scrollTop !== top);
}"""

# a network that can be taken away
_CONNECTION = """(() => {
  const sockets = new Set();
  let connected = true;
  window.WebSocket = class extends WebSocket {
    constructor(url, ...rest) {
      super(connected ? url : "ws://127.0.0.1:2/", ...rest);
      sockets.add(this);
    }
  };
  window.connect = (on) => {
    connected = on;
    if (!on) for (const socket of sockets) socket.close();
    if (!on) sockets.clear();
  };
})();"""
