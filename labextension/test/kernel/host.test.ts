import { nullTranslator } from "@jupyterlab/translation";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refused } from "@frontend/lib/link";
import { Host } from "../../src/kernel/host";
import type { Generating, Standing } from "../../src/tokens";
import { row } from "../../../frontend/test/panel/row";
import { pass, Process } from "./process";

const trans = nullTranslator.load("wasinn_nb");

/** A host, the connection of one notebook to its kernel, and all that it has been since. */
async function opened(process: Process) {
  const host = new Host(process.id, trans);
  const stood: Standing[] = [];
  host.standingChanged.connect((_, standing) => stood.push(standing));
  const kernel = process.connect();
  host.connect(kernel);
  await pass();
  return { host, kernel, stood };
}

async function live(process: Process) {
  process.loaded = true;
  const all = await opened(process);
  expect(all.stood.splice(0)).toEqual(["asking", "live"]);
  return all;
}

const kinds = (process: Process): unknown[] => process.heard.map(({ kind }) => kind);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "debug").mockReturnValue();
  vi.spyOn(console, "warn").mockReturnValue();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("a kernel without the extension hears nothing", async () => {
  const process = new Process();
  const { host, stood } = await opened(process);
  expect(stood).toEqual(["asking", "unloaded"]);
  await pass(10_000);
  process.loaded = true; // whatever it hears now is noted
  host.greet();
  await pass();
  expect(process.heard).toEqual([]);
  await expect(host.ask("load", { name: "story" })).rejects.toThrow("not loaded");
});

test("a kernel that has the extension is greeted, and its models are known", async () => {
  const process = new Process();
  const rows = [row({ name: "story", state: "loaded" }), row({ name: "digits" })];
  process.welcome = { ...process.welcome, rows, generating: { rate: 12, runs: ["#1"] } };
  const { host } = await live(process);
  expect([...host.models.keys()]).toEqual(["story", "digits"]);
  expect(host.languages).toEqual(["c"]);
  expect(host.generating).toEqual({ rate: 12, runs: ["#1"] });
});

test("changes come in order, and what was missed is asked for", async () => {
  const process = new Process();
  const { host } = await live(process);
  let changes = 0;
  host.modelsChanged.connect(() => changes++);
  const now = Date.now() / 1000;
  process.say({ kind: "changed", revision: 1, now, rows: [row({})], order: ["story"] });
  await pass();
  expect([...host.models.keys()]).toEqual(["story"]);
  expect(changes).toBe(1);
  process.heard.length = 0;
  process.welcome = { ...process.welcome, revision: 3, rows: [row({ name: "other" })] };
  process.say({ kind: "changed", revision: 3, now, rows: [], order: [] });
  await pass();
  expect(kinds(process)).toContain("hello");
  expect([...host.models.keys()]).toEqual(["other"]);
});

test("what guests generate is told", async () => {
  const process = new Process();
  const { host } = await live(process);
  const told: Generating[] = [];
  host.generatingChanged.connect((_, generating) => told.push(generating));
  process.say({ kind: "generating", rate: 8.5, runs: ["#2"] });
  process.say({ kind: "generating", rate: null, runs: [] });
  await pass();
  expect(told).toEqual([
    { rate: 8.5, runs: ["#2"] },
    { rate: null, runs: [] },
  ]);
});

test("a cell of the user's that loads the extension is noticed, and one that unloads it", async () => {
  const process = new Process();
  const { host, stood } = await opened(process);
  process.runs("load");
  await pass();
  expect(host.standing).toBe("live");
  process.runs("unload");
  await pass();
  expect(host.standing).toBe("unloaded");
  expect(host.restarted).toBe(false);
  expect(stood).toEqual(["asking", "unloaded", "asking", "live", "unloaded"]);
});

test("a cell that loaded the extension is noticed even if its word for that was lost", async () => {
  const process = new Process();
  const { host } = await opened(process);
  process.startCell();
  process.loaded = true;
  process.endCell();
  await pass(1000);
  expect(host.standing).toBe("live");
});

test("an answer from before the extension was loaded is no news", async () => {
  const process = new Process();
  process.delay = 1000;
  const { host, stood } = await opened(process);
  process.runs("load");
  await pass();
  expect(host.standing).toBe("live");
  await pass(2000);
  expect(stood).toEqual(["asking", "live"]);
});

test("the extension is loaded by request", async () => {
  const process = new Process();
  const { host, stood } = await opened(process);
  const loading = host.load();
  expect(host.load()).toBe(loading);
  await pass();
  await loading;
  expect(stood.slice(2)).toEqual(["loading", "live"]);
});

test("a cell is waited for before the extension is loaded", async () => {
  const process = new Process();
  const { host } = await opened(process);
  process.startCell();
  await pass();
  expect(host.busy).toBe(true);
  const loading = host.load();
  await pass(5000);
  expect(host.standing).toBe("loading");
  process.endCell();
  await pass();
  await loading;
  expect(host.standing).toBe("live");
  expect(host.busy).toBe(false);
});

test.each([
  ["no", "not installed", "%pip install wasinn-nb"],
  ["old", "too old", "%pip install --upgrade wasinn-nb"],
] as const)("a kernel whose package is there: %s, says what to do", async (installed, why, how) => {
  const process = new Process();
  process.installed = installed;
  const { host, stood } = await opened(process);
  const failed = host.load().catch((error: unknown) => error);
  await pass();
  const refused = (await failed) as Refused;
  expect(refused).toBeInstanceOf(Refused);
  expect(refused.message).toContain(why);
  expect(refused.hint).toContain(how);
  expect(stood.slice(2)).toEqual(["loading", "unloaded"]);
});

test("a kernel that ends while it loads the extension says so", async () => {
  const process = new Process();
  const { host, kernel } = await opened(process);
  process.startCell();
  const failed = host.load().catch((error: unknown) => error);
  await pass();
  void kernel.restart();
  await pass(5000);
  expect((await failed) as Error).toBeInstanceOf(Refused);
  expect(host.standing).toBe("unloaded");
});

test("a restart takes everything along, and the user is told until it is loaded again", async () => {
  const process = new Process();
  process.welcome = { ...process.welcome, revision: 40, rows: [row({})] };
  const { host, kernel, stood } = await live(process);
  const { model } = host;
  const asked = host.ask("load", {}).catch((error: unknown) => error);
  void kernel.restart();
  expect(host.standing).toBe("starting");
  expect(await asked).toBeInstanceOf(Refused);
  expect(host.models.size).toBe(0);
  await pass(5000);
  expect(stood).toEqual(["starting", "asking", "unloaded"]);
  expect(host.restarted).toBe(true);
  expect(host.model).not.toBe(model);
  // a new process counts its changes anew
  process.welcome = { ...process.welcome, revision: 1, rows: [row({ name: "new" })] };
  process.runs("load");
  await pass();
  expect(host.standing).toBe("live");
  expect(host.restarted).toBe(false);
  expect([...host.models.keys()]).toEqual(["new"]);
});

test("a restart that another page asks for is noticed", async () => {
  const process = new Process();
  const { host } = await live(process);
  process.restart();
  await pass(5000);
  expect(host.standing).toBe("unloaded");
  expect(host.restarted).toBe(true);
});

test("a kernel whose start was not heard of is back when it says something", async () => {
  const process = new Process();
  const { host } = await live(process);
  process.restartUnheard();
  await pass();
  expect(host.standing).toBe("starting");
  process.startCell();
  await pass();
  expect(host.standing).toBe("unloaded");
  expect(host.restarted).toBe(true);
});

test("a kernel that crashes and is started again is a restarted one", async () => {
  const process = new Process();
  const { host, stood } = await live(process);
  process.crash("restarting");
  await pass(5000);
  expect(stood).toEqual(["starting", "asking", "unloaded"]);
  expect(host.restarted).toBe(true);
});

test("a kernel that dies is dead for good", async () => {
  const process = new Process();
  const { host, stood } = await live(process);
  process.crash("dead");
  await pass();
  expect(stood).toEqual(["dead"]);
  expect(host.models.size).toBe(0);
  await expect(host.ask("load", {})).rejects.toThrow("gone");
  await pass(5000);
  expect(host.standing).toBe("dead");
});

test("a connection that breaks comes back, with the same models and the same views", async () => {
  const process = new Process();
  process.welcome = { ...process.welcome, rows: [row({})] };
  const { host, stood } = await live(process);
  const { model } = host;
  process.disconnect();
  await pass(5000);
  expect(stood).toEqual(["starting", "asking", "live"]);
  expect(host.model).toBe(model);
  expect([...host.models.keys()]).toEqual(["story"]);
});

test("what was restarted while the connection was broken is noticed", async () => {
  const process = new Process();
  const { host } = await live(process);
  process.disconnect();
  process.restart();
  await pass(5000);
  expect(host.standing).toBe("unloaded");
  expect(host.restarted).toBe(true);
});

test("a cell that holds everything makes the host silent until it ends", async () => {
  const process = new Process();
  process.blocking = true;
  const { host, stood } = await live(process);
  process.startCell();
  host.greet();
  await pass(3000);
  expect(stood).toEqual(["silent"]);
  process.endCell();
  await pass();
  expect(stood).toEqual(["silent", "live"]);
});

test("a silent host is silent also after the connection broke", async () => {
  const process = new Process();
  process.blocking = true;
  const { host } = await live(process);
  process.startCell();
  host.greet();
  await pass(3000);
  process.disconnect();
  await pass(10_000);
  expect(host.standing).toBe("silent");
});

test("a page that opens while a cell runs learns that the extension is loaded", async () => {
  const process = new Process();
  process.loaded = process.blocking = true;
  process.startCell();
  const { host } = await opened(process);
  await pass(10_000); // JupyterLab waits for the kernel's answer first
  expect(host.standing).toBe("silent");
  process.endCell();
  await pass();
  expect(host.standing).toBe("live");
});

test("a page that opens while a cell runs is live if the kernel answers beside it", async () => {
  const process = new Process();
  process.loaded = true;
  process.startCell();
  const { host } = await opened(process);
  await pass(4000);
  expect(host.standing).toBe("live");
});

test("a kernel of another language is left alone", async () => {
  const process = new Process();
  process.language = "R";
  const { host, kernel, stood } = await opened(process);
  expect(stood).toEqual(["asking", "unsuited"]);
  void kernel.restart();
  await pass(5000);
  expect(host.standing).toBe("unsuited");
  await expect(host.load()).rejects.toThrow("Python");
});

test("two connections are one host, which speaks through the one that may have comms", async () => {
  const process = new Process();
  const { host, kernel } = await live(process);
  const console_ = process.connect(false);
  host.connect(console_);
  await pass();
  process.heard.length = 0;
  process.answers["help"] = () => ({ topic: "models" });
  expect(host.standing).toBe("live");
  // the notebook is closed; the console stays
  kernel.dispose();
  host.disconnect(kernel);
  await pass(5000);
  expect(host.standing).toBe("live");
  const answer = host.ask("help");
  await pass();
  expect((await answer)["topic"]).toBe("models");
  expect(kinds(process)).toContain("help");
  // and with the last one the host goes
  host.disconnect(console_);
  expect(host.isDisposed).toBe(true);
});

test("requests are answered or refused, and files come with their bytes", async () => {
  const process = new Process();
  const { host } = await live(process);
  process.answers["wasm"] = ({ name }) => ({
    name,
    file: "story.wasm",
    buffers: [new Uint8Array([0, 97, 115, 109]).buffer],
  });
  const file = host.fetch("wasm", { name: "In[3]" });
  const refused = host.ask("unknown").catch((error: unknown) => error);
  await pass();
  const { name, bytes } = await file;
  expect(name).toBe("story.wasm");
  expect([...new Uint8Array(bytes)]).toEqual([0, 97, 115, 109]);
  expect(await refused).toEqual(new Refused("No.", "Never."));
});

test("a file without bytes is refused", async () => {
  const process = new Process();
  const { host } = await live(process);
  process.answers["wasm"] = () => ({ file: "story.wasm" });
  const failed = host.fetch("wasm", {}).catch((error: unknown) => error);
  await pass();
  expect(await failed).toBeInstanceOf(Refused);
});

test("everybody who talks through the host's model greets again when the kernel asks", async () => {
  const process = new Process();
  await live(process);
  process.heard.length = 0;
  process.say({ kind: "anyone" });
  await pass();
  expect(kinds(process)).toEqual(["hello"]);
});

test("all that is no answer is handed on", async () => {
  const process = new Process();
  const { host } = await live(process);
  const received: unknown[] = [];
  host.received.connect((_, { kind }) => received.push(kind));
  process.say({ kind: "marks", cell: "a", marks: [] });
  process.say({ kind: "done", id: 1 });
  await pass();
  expect(received).toEqual(["marks"]);
});
