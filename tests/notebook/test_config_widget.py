"""The form's side in the kernel: what it shows, what a draft costs, what an Apply does."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from tests.notebook.recording import JSON, SPINNER, FormView, eventually, recorded
from tests.support.echo_backend import EchoBackend
from wasinn_nb.api import Host
from wasinn_nb.nn.errors import NotFound
from wasinn_nb.nn.record import ModelState
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.sources import SourceResolver
from wasinn_nb.notebook import extension
from wasinn_nb.notebook.widgets import config, placed
from wasinn_nb.notebook.widgets.config import ModelConfig


@pytest.fixture(scope="module", autouse=True)
def _recorded():
    with recorded():
        yield


@pytest.fixture
def host():
    host = Host()
    yield host
    host.close()


@pytest.fixture
def opened(host):
    """Opens forms, and closes them at the end."""
    forms = []

    def open_form(name):
        forms.append(ModelConfig(name, host=host))
        return FormView(forms[-1])

    yield open_form
    for form in forms:
        form.close()


@pytest.fixture
def story(host, opened):
    host.load("story", "builtin:tinytales")
    return opened("story")


@pytest.fixture
def slow(host, tmp_path):
    """A host with a backend whose loads can be slow, and can fail."""
    backend = EchoBackend()
    resolver = SourceResolver(cache_dir=tmp_path, builtin=lambda name: tmp_path / name)
    host.registry = ModelRegistry({"echo": backend}, resolver, bus=host.bus)
    (tmp_path / "a.echo").write_text("ECHO a word")
    host.load("echo", tmp_path / "a.echo", encoding="ggml")
    return backend


def watchers():
    return [t for t in threading.enumerate() if t.name.startswith("wasinn config")]


@pytest.mark.parametrize("source", ["builtin:tinytales", "builtin:digits"])
def test_the_fields_are_those_of_the_backends_schema_and_nothing_else(host, opened, source):
    host.registry.register("model", source)
    form = opened("model").widget
    schema = host.prospect("model").schema
    fields = {field["key"]: field for field in form.fields}
    assert set(fields) == {key for key, setting in schema.items() if setting.effect}
    for key, field in fields.items():
        setting = schema[key]
        assert field["kind"] == setting.kind
        assert (field["group"] == "main") == setting.prominent
        assert [o["reason"] for o in field["offers"]] == [o.unavailable for o in setting.offered]
        assert [o["amount"] for o in field["offers"]] == [o.amount for o in setting.offered]
    useless = [bool(field["unavailable"]) for field in form.fields]
    assert useless == sorted(useless)


def test_a_device_that_is_not_here_is_offered_with_the_reason(host, opened):
    host.registry.register("digits", "builtin:digits")
    [device] = [f for f in opened("digits").widget.fields if f["key"] == "device"]
    offers = {offer["value"]: offer["reason"] for offer in device["offers"]}
    here = {d.name.partition(".")[0] for d in host.registry.backends()["openvino"].status().devices}
    assert offers["CPU"] == ""
    for kind in {"GPU", "NPU"} - here:
        assert offers[kind]


def test_a_draft_shows_what_it_would_cost_and_changes_nothing(host, story):
    large = story.draft({"ctx-size": 1024})
    small = story.draft({"ctx-size": 256})
    assert large["estimate"]["kv_cache"] == 4 * small["estimate"]["kv_cache"]
    assert small["values"]["ctx-size"] == {"value": 256, "origin": "pin"}
    assert (small["reload"], small["errors"], small["problem"]) == ([], {}, None)
    assert small["places"][0]["needed"] == small["estimate"]["total"]
    assert small["places"][0]["free"] > 0
    again = story.draft({"use-mmap": False})
    assert again["reload"] == ["use-mmap"]
    record = host.describe("story")
    assert (dict(record.pins), record.loads) == ({}, 1)


def test_what_is_no_value_is_said_at_its_field_and_the_rest_is_reckoned(story):
    ahead = story.draft({"batch-size": "12x", "ctx-size": "512", "no-such": 1, "threads": None})
    assert "whole number" in ahead["errors"]["batch-size"]
    assert "no setting" in ahead["errors"]["no-such"]
    assert set(ahead["errors"]) == {"batch-size", "no-such"}
    assert ahead["draft"]["set"]["batch-size"] == "12x"
    assert ahead["values"]["ctx-size"]["value"] == 512
    refused = story.ask("apply", stop=False)
    assert refused["kind"] == "refused"
    assert "batch-size" in refused["message"]


def test_settings_that_contradict_each_other_are_a_problem_of_the_whole(story):
    ahead = story.draft({"cache-type-v": "q8_0", "flash-attn": "off"})
    assert ahead["errors"] == {}
    assert "needs flash attention" in ahead["problem"]["message"]
    assert "flash-attn" in ahead["problem"]["hint"]


def test_apply_loads_again_if_a_load_time_setting_changed(host, story):
    story.draft({"use-mmap": False, "ctx-size": 512})
    outcome = story.apply()
    assert outcome["ok"]
    assert "Loaded again in" in outcome["message"]
    record = host.describe("story")
    assert record.loads == 2
    assert (record.config["use-mmap"], record.config["ctx-size"]) == (False, 512)
    assert story.value("use-mmap") == (False, "pin")
    assert story.widget.prospect["draft"] == {"set": {}, "unset": []}


def test_apply_loads_nothing_for_a_setting_of_the_context_and_can_unpin(host, story):
    story.draft({"ctx-size": 512})
    assert story.apply()["message"] == "Applied: pinned ctx-size."
    assert host.describe("story").pins == {"ctx-size": 512}
    ahead = story.draft(unset=["ctx-size"])
    assert ahead["values"]["ctx-size"]["origin"] == "default"
    assert story.apply()["message"] == "Applied: unpinned ctx-size."
    record = host.describe("story")
    assert (dict(record.pins), record.loads) == ({}, 1)


def test_what_was_applied_is_no_draft_any_more_whatever_becomes_of_the_pin(host, story):
    story.draft({"ctx-size": 512})
    assert story.apply()["ok"]
    host.config("story", reset=True)
    story.sees(lambda p: story.value("ctx-size")[1] == "default" and p["draft"]["set"] == {})


def test_a_pin_shows_as_it_was_made_also_where_this_machine_uses_another_value(story):
    story.draft({"threads": -1})
    story.apply()
    assert story.value("threads") == (-1, "pin")


def test_a_load_that_fails_leaves_the_old_model_the_pins_and_the_draft(host, opened):
    host.load("digits", "builtin:digits")
    view = opened("digits")
    view.draft({"properties": '{"NO_SUCH_PROPERTY": 1}'})
    outcome = view.apply()
    assert not outcome["ok"]
    assert "NO_SUCH_PROPERTY" in outcome["message"]
    assert "The model is loaded as it was before." in outcome["hint"]
    record = host.describe("digits")
    assert (record.state, dict(record.pins)) == (ModelState.LOADED, {})
    assert view.widget.prospect["draft"]["set"] == {"properties": '{"NO_SUCH_PROPERTY": 1}'}


def test_who_uses_the_model_is_named_and_can_be_stopped(host, story):
    run = host.build(SPINNER, "wat", name="spinner").start()
    eventually(lambda: story.widget.model["users"] == [run.name])
    story.draft({"use-mmap": False})
    outcome = story.apply()
    assert not outcome["ok"]
    assert run.name in outcome["message"]
    assert not run.done
    assert story.apply(stop=True)["ok"]
    eventually(lambda: run.done)
    assert host.describe("story").loads == 2


def test_an_apply_shows_progress_and_can_be_cancelled(host, slow, opened):
    view = opened("echo")
    view.draft({"load-ms": 60_000, "shout": True})
    assert view.ask("apply", stop=False)["kind"] == "done"
    eventually(
        lambda: view.widget.work == {"what": "reading", "fraction": 0.5, "cancelling": False}
    )
    assert view.ask("apply", stop=False)["message"] == "Settings are being applied already."
    view.ask("cancel")
    outcome = eventually(lambda: not view.widget.work["what"] and view.widget.outcome)
    assert "Cancelled" in outcome["message"]
    assert dict(host.describe("echo").pins) == {}
    assert view.widget.prospect["draft"]["set"] == {"load-ms": 60_000, "shout": True}


def test_an_old_model_that_comes_back_is_said_to_be_there(host, slow, opened):
    view = opened("echo")
    slow.fail_next = True
    view.draft({"shout": True})
    assert view.apply() == {
        "ok": False,
        "message": "the library refused the model",
        "hint": "The model is loaded as it was before.",
    }
    assert host.describe("echo").config["shout"] is False


def test_what_is_changed_during_an_apply_is_kept(slow, opened):
    view = opened("echo")
    view.draft({"load-ms": 300, "shout": True})
    view.ask("apply", stop=False)
    view.draft({"load-ms": 300, "shout": True, "window": 32})
    eventually(lambda: not view.widget.work["what"])
    assert view.widget.outcome["ok"]
    assert view.widget.prospect["draft"] == {"set": {"window": 32}, "unset": []}


def test_the_form_follows_code_and_keeps_the_draft(host, story):
    story.draft({"ctx-size": 512})
    host.config("story", {"use-mmap": False})
    story.sees(lambda p: p["reload"] == ["use-mmap"])
    assert story.value("use-mmap") == (False, "pin")
    assert story.widget.prospect["draft"]["set"] == {"ctx-size": 512}
    host.unload("story")
    eventually(lambda: not story.widget.model["loaded"])
    host.config("story", {"ctx-size": 512})  # what the draft wanted
    story.sees(lambda p: p["draft"]["set"] == {})


def test_a_form_of_a_forgotten_model_says_so_and_goes_on_when_it_is_back(host, story):
    host.forget("story")
    eventually(lambda: story.widget.model["gone"])
    assert story.ask("apply", stop=False)["kind"] == "refused"
    host.load("story", "builtin:tinytales")
    eventually(lambda: not story.widget.model["gone"])


def test_an_unknown_model_has_no_form(host):
    with pytest.raises(NotFound, match="nobody"):
        ModelConfig("nobody", host=host)
    gc.collect()
    eventually(lambda: not watchers())


def test_two_views_share_one_draft(story):
    other = FormView(story.widget, number=2)
    story.draft({"ctx-size": 512})
    ahead = other.draft({"ctx-size": 512, "use-mmap": False})
    assert ahead["draft"]["set"] == {"ctx-size": 512, "use-mmap": False}
    assert story.apply()["ok"]


def test_a_storm_of_drafts_is_looked_at_a_few_times_and_the_last_one_counts(story, monkeypatch):
    monkeypatch.setattr("wasinn_nb.notebook.widgets.form.form._EVERY", 0.5)
    seen = []
    story.widget.observe(lambda change: seen.append(change.new), "prospect")
    began = time.monotonic()
    for number in range(200):
        story.seq += 1
        draft = {"set": {"ctx-size": 256 + number}, "unset": [], "view": 1, "seq": story.seq}
        story.widget.comm.hear("custom", content={"kind": "draft", **draft})
        time.sleep(0.002)  # time for a look, if there were one for each
    story.sees(lambda p: p["seq"] == story.seq)
    assert len(seen) <= 2 + (time.monotonic() - began) / 0.5
    assert story.widget.prospect["draft"]["set"] == {"ctx-size": 455}


@given(content=st.dictionaries(st.sampled_from(["set", "unset", "view", "seq", "stop"]), JSON))
@settings(max_examples=60)
def test_nothing_that_a_browser_sends_breaks_the_form(content):
    host = Host()
    host.registry.register("digits", "builtin:digits")
    view = FormView(ModelConfig("digits", host=host))
    try:
        assert view.ask("draft", **content)["kind"] in ("done", "refused")
        assert view.draft({"threads": 1})["errors"] == {}
        assert dict(host.describe("digits").pins) == {}
    finally:
        view.widget.close()
        host.close()


def test_a_widget_that_is_closed_leaves_nothing_behind(host):
    host.registry.register("digits", "builtin:digits")
    forms = [ModelConfig("digits", host=host) for _ in range(3)]
    gone = [weakref.ref(form) for form in forms]
    for form in forms:
        form.close()
    eventually(lambda: not watchers())
    del form, forms
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3


# -- in notebooks --------------------------------------------------------------------------------


@pytest.fixture
def shown():
    """What is displayed, message by message."""
    shell = InteractiveShell.instance()
    publisher, shell.display_pub = shell.display_pub, CapturingDisplayPublisher()
    yield shell.display_pub.outputs
    shell.display_pub = publisher
    InteractiveShell.clear_instance()


VIEW = "application/vnd.jupyter.widget-view+json"


def test_a_saved_notebook_has_the_table_beside_the_form(story, shown):
    story.widget._ipython_display_()
    [output] = shown
    assert output["data"][VIEW]["model_id"] == story.widget.reference
    assert "ctx-size" in output["data"]["text/plain"]
    assert "<table" in output["data"]["text/html"]


def test_a_form_that_is_closed_becomes_a_table(host, story, shown, monkeypatch):
    monkeypatch.setattr(config, "_PATIENCE", 0.1)
    host.config("story", {"ctx-size": 512, "rope-freq-base": 2.0})
    story.widget._ipython_display_()
    story.ask("close")
    first, second = shown
    assert second["update"]
    assert second["transient"] == first["transient"]
    assert VIEW not in second["data"]
    assert "512 tokens" in second["data"]["text/plain"]
    assert "rope-freq-base" in second["data"]["text/plain"]
    assert "yarn-ext-factor" not in second["data"]["text/plain"]
    eventually(lambda: story.widget.comm is None)


def test_a_form_whose_output_remains_stays_open_and_is_quiet(story, shown):
    story.ask("close")
    assert story.widget.ended
    story.ask("remains")
    eventually(lambda: not watchers())
    assert story.widget.comm is not None


def test_unloading_the_extension_leaves_tables(shown):
    shell = InteractiveShell.instance()
    extension.load(shell)
    extension.loaded(shell).magics.host.load("story", "builtin:tinytales")
    form = config.in_cell("story", extension.loaded(shell).magics.host)
    form._ipython_display_()
    extension.unload(shell)
    assert form.ended
    assert VIEW not in shown[-1]["data"]
    assert "ctx-size" in shown[-1]["data"]["text/plain"]


def test_one_model_has_one_form_in_cells(host, story, shown):
    first = config.in_cell("story", host)
    first._ipython_display_()
    second = config.in_cell("story", host)
    assert VIEW not in shown[-1]["data"]
    assert (first.ended, second.ended) == (True, False)
    placed.end_all()
    assert second.ended
