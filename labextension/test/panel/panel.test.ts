import { nullTranslator } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Hosts } from "../../src/kernel/hosts";
import { ModelsPanel } from "../../src/panel/panel";
import { row } from "../../../frontend/test/panel/row";
import { Context } from "../kernel/context";
import { pass, Process } from "../kernel/process";
import type { Asking } from "@frontend/panel/words";

let hosts: Hosts;
let panel: ModelsPanel;
let asks: Asking = "inUse";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "debug").mockReturnValue();
  vi.spyOn(console, "warn").mockReturnValue();
  asks = "inUse";
  const trans = nullTranslator.load("wasinn_nb");
  hosts = new Hosts(trans);
  panel = new ModelsPanel({ hosts, trans, translator: nullTranslator, asks: () => asks });
  Widget.attach(panel, document.body);
});

afterEach(() => {
  panel.dispose();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A notebook that gets the focus. */
async function opened(process: Process, name = "story.ipynb"): Promise<Context> {
  const context = new Context(process.connect(), name);
  hosts.add(context.self);
  hosts.focus(context.self);
  await pass(1000);
  return context;
}

function withModel(name: string): Process {
  const process = new Process();
  process.loaded = true;
  const rows = [row({ name, state: "loaded", users: ["In[1] #1"] })];
  process.welcome = { ...process.welcome, rows };
  return process;
}

const shown = (): HTMLElement | undefined =>
  panel.content.widgets.find(({ isHidden }) => !isHidden)?.node;

const words = (): string => shown()?.textContent ?? "";

function button(name: string): HTMLButtonElement {
  const all = [...panel.node.querySelectorAll("button")];
  const found = all.find((one) => (one.getAttribute("aria-label") ?? one.textContent) === name);
  if (!found) throw new Error(`no button ${name}: ${panel.node.textContent}`);
  return found;
}

test("it is headed by the notebook, and says what is missing", async () => {
  expect(panel.header.node.textContent).toBe("Models");
  expect(words()).toContain("No Notebook");
  const context = await opened(new Process());
  expect(panel.header.node.textContent).toBe("story.ipynb");
  context.rename("other.ipynb");
  expect(panel.header.node.textContent).toBe("other.ipynb");
  expect(words()).toContain("Extension Not Loaded");
  context.close();
  expect(words()).toContain("No Notebook");
});

test("its button loads the extension, and the focus goes to what it brought", async () => {
  const process = new Process();
  await opened(process);
  process.startCell();
  await pass();
  button("Load the Extension").focus();
  button("Load the Extension").click();
  await pass(2000);
  expect(words()).toContain("when the running cell has ended");
  expect(button("Loading…").getAttribute("aria-disabled")).toBe("true");
  expect(document.activeElement).toBe(button("Loading…"));
  process.endCell();
  await pass();
  expect(words()).toContain("No model is registered");
  expect(shown()?.contains(document.activeElement)).toBe(true);
});

test("a load that fails says why, and can be tried again", async () => {
  const process = new Process();
  process.installed = "no";
  await opened(process);
  button("Load the Extension").click();
  await pass();
  expect(words()).toContain("not installed");
  expect(words()).toContain("%pip install wasinn-nb");
  process.installed = "yes";
  button("Load the Extension").click();
  await pass();
  expect(words()).toContain("No model is registered");
});

test("each kernel's models stay as they are while another notebook is looked at", async () => {
  const first = await opened(withModel("story"), "first.ipynb");
  button("story").click();
  const before = shown();
  expect(words()).toContain("builtin:tinytales");
  const second = await opened(withModel("digits"), "second.ipynb");
  expect(words()).toContain("digits");
  expect(words()).not.toContain("story");
  hosts.focus(first.self);
  expect(shown()).toBe(before);
  expect(words()).toContain("builtin:tinytales");
  first.close();
  hosts.focus(second.self);
  expect(before?.isConnected).toBe(false);
  expect(words()).toContain("digits");
});

test("a restart ends a view at once; what passes sooner than it is read is not shown", async () => {
  const process = withModel("story");
  const context = await opened(process);
  const before = shown();
  process.disconnect();
  await pass(0);
  expect(hosts.current?.standing).toBe("starting");
  expect(shown()).toBe(before);
  await pass(3000);
  expect(shown()).toBe(before);
  context.kernelDisplayStatus = "restarting";
  process.crash("restarting");
  await pass(0);
  expect(words()).toContain("Restarting");
  expect(before?.isConnected).toBe(false);
  await pass(5000);
  expect(words()).toContain("Kernel Restarted");
});

test("while a cell holds the kernel, the models stay, and say why nothing can be done", async () => {
  const process = withModel("story");
  process.blocking = true;
  await opened(process);
  const before = shown();
  process.startCell();
  hosts.greet();
  await pass(3000);
  expect(shown()).toBe(before);
  expect(words()).toContain("does not answer while a cell holds it");
  expect(panel.node.querySelector("fieldset")?.disabled).toBe(true);
  process.endCell();
  await pass();
  expect(words()).not.toContain("does not answer");
  expect(panel.node.querySelector("fieldset")?.disabled).toBe(false);
});

test("nothing is made for who does not look", async () => {
  const process = withModel("story");
  panel.hide();
  await opened(process);
  expect(panel.node.querySelector(".wasinn-panel")).toBeNull();
  panel.show();
  expect(words()).toContain("story");
});

test("a model's form is opened when its models are shown", async () => {
  const process = withModel("story");
  const asked: unknown[] = [];
  process.answers["configure"] = ({ name }) => {
    asked.push(name);
    return { form: "1", state: {} };
  };
  panel.configure("story");
  await opened(process);
  expect(asked).toEqual(["story"]);
});

test("a form that was wanted of one kernel is not opened for another", async () => {
  await opened(new Process(), "first.ipynb");
  expect(words()).toContain("Extension Not Loaded");
  panel.configure("story");
  const process = withModel("story");
  const asked: unknown[] = [];
  process.answers["configure"] = ({ name }) => {
    asked.push(name);
    return { form: "1", state: {} };
  };
  await opened(process, "second.ipynb");
  expect(words()).toContain("story");
  expect(asked).toEqual([]);
});

test.each<[Asking, string[], boolean]>([
  ["always", ["In[1] #1"], true],
  ["inUse", ["In[1] #1"], true],
  ["never", ["In[1] #1"], false],
  ["always", [], true],
  ["inUse", [], false],
  ["never", [], false],
])("whether an unload is asked about: %s, used by %j", async (asking, users, isAsked) => {
  asks = asking;
  const process = withModel("story");
  const unloaded: unknown[] = [];
  process.answers["unload"] = ({ agreed, careful }) => {
    const confirm = { users, loaded: true, pinned: [], agree: ["story"] };
    if ((users.length > 0 || careful === true) && String(agreed) !== "story") return { confirm };
    unloaded.push(agreed);
    return {};
  };
  await opened(process);
  button("Unload story").click();
  await pass();
  expect(words().includes(users.length > 0 ? "Stop it and unload?" : "Unload story?")).toBe(
    isAsked,
  );
  expect(unloaded).toHaveLength(isAsked ? 0 : 1);
});
