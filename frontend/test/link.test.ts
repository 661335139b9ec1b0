import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Link, Refused, type Message, type Reach } from "../src/lib/link";
import { RecordingModel, RecordingSignal } from "./model";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function connect(model = new RecordingModel()): {
  model: RecordingModel;
  link: Link;
  reaches: Reach[];
  messages: Message[];
  welcomes: Message[];
} {
  const reaches: Reach[] = [];
  const messages: Message[] = [];
  const welcomes: Message[] = [];
  const link = new Link(model, {
    onReach: (reach) => reaches.push(reach),
    onMessage: (message) => messages.push(message),
    onWelcome: (message) => welcomes.push(message),
  });
  return { model, link, reaches, messages, welcomes };
}

describe("whether clicks arrive", () => {
  test("a view greets, and is live once it is welcomed", () => {
    const { model, link, reaches, welcomes } = connect();
    expect(model.sent).toEqual([{ kind: "hello" }]);
    expect(link.reach).toBe("waiting");
    model.say({ kind: "welcome", text: "so far" });
    expect(reaches).toEqual(["live"]);
    expect(welcomes).toEqual([{ kind: "welcome", text: "so far" }]);
    vi.advanceTimersByTime(10_000);
    expect(link.reach).toBe("live");
  });

  test("a greeting without an answer is repeated, once", () => {
    const { model, link } = connect();
    vi.advanceTimersByTime(249);
    expect(model.sent).toHaveLength(1);
    vi.advanceTimersByTime(10_000);
    expect(model.sent).toEqual([{ kind: "hello" }, { kind: "hello" }]);
    link.hello();
    model.say({ kind: "welcome" });
    vi.advanceTimersByTime(10_000);
    expect(model.sent).toHaveLength(3);
    link.hello();
    link.close();
    vi.advanceTimersByTime(10_000);
    expect(model.sent).toHaveLength(4);
  });

  test("without an answer it is silent after a second, and live again when one comes", () => {
    const { model, reaches } = connect();
    vi.advanceTimersByTime(999);
    expect(reaches).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(reaches).toEqual(["silent"]);
    model.say({ kind: "welcome" });
    expect(reaches).toEqual(["silent", "live"]);
  });

  test("a request without an answer makes it silent too, until the answer comes", async () => {
    const { model, link, reaches } = connect();
    model.say({ kind: "welcome" });
    const answer = link.ask("unload");
    vi.advanceTimersByTime(1000);
    expect(reaches).toEqual(["live", "silent"]);
    model.say({ kind: "done", id: model.sent.at(-1)?.["id"] });
    await answer;
    expect(reaches).toEqual(["live", "silent", "live"]);
  });

  test("what the kernel sends by itself proves nothing", () => {
    const { model, reaches, messages } = connect();
    model.say({ kind: "text", text: "a" });
    vi.advanceTimersByTime(1000);
    expect(messages).toEqual([{ kind: "text", text: "a" }]);
    expect(reaches).toEqual(["silent"]);
  });
});

describe("requests", () => {
  test("an answer goes to its request, whatever the order", async () => {
    const { model, link } = connect();
    const first = link.ask("load", { name: "a" });
    const second = link.ask("load", { name: "b" });
    const [, { id: one } = {}, { id: two } = {}] = model.sent;
    expect(model.sent.slice(1)).toEqual([
      { kind: "load", name: "a", id: one },
      { kind: "load", name: "b", id: two },
    ]);
    model.say({ kind: "done", id: two, freed: 2 });
    model.say({ kind: "refused", id: one, message: "It is in use.", hint: "Wait." });
    expect((await second)["freed"]).toBe(2);
    const error = await first.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Refused);
    expect(error).toMatchObject({ message: "It is in use.", hint: "Wait." });
  });

  test("answers to other views are left alone", async () => {
    const { model, link, messages } = connect();
    const answer = link.ask("load");
    const id = Number(model.sent.at(-1)?.["id"]);
    model.say({ kind: "done", id: id + 1, of: "another" });
    model.say({ kind: "refused", id: null });
    model.say({ kind: "done", id, of: "ours" });
    expect((await answer)["of"]).toBe("ours");
    expect(messages).toEqual([]);
  });

  test("a value cannot pose as the kind or the id of its request", () => {
    const { model, link } = connect();
    link.tell("stop", { kind: "hello" });
    void link.ask("load", { kind: "hello", id: "x" });
    expect(model.sent.slice(1).map(({ kind }) => kind)).toEqual(["stop", "load"]);
    expect(model.sent.at(-1)?.["id"]).toBeTypeOf("number");
  });

  test("what is no message is ignored", () => {
    const { model, messages, reaches } = connect();
    for (const content of [null, undefined, 3, "welcome", [], {}, { kind: 1 }]) model.say(content);
    expect(messages).toEqual([]);
    expect(reaches).toEqual([]);
  });
});

describe("a kernel that has gone", () => {
  const ways: [string, (model: RecordingModel, status: RecordingSignal) => void][] = [
    ["closes the widget", (model) => model.trigger("comm:close")],
    ["is given up by the front end", (model) => model.trigger("comm_live_update")],
    ["dies and is started anew", (_, status) => status.emit("autorestarting")],
    ["is dead", (_, status) => status.emit("dead")],
  ];

  test.each(ways)("it %s", async (_, end) => {
    const status = new RecordingSignal();
    const { model, link, reaches } = connect(new RecordingModel({}, { statusChanged: status }));
    model.say({ kind: "welcome" });
    const answer = link.ask("load");
    status.emit("busy");
    expect(link.reach).toBe("live");
    end(model, status);
    expect(reaches).toEqual(["live", "gone"]);
    await expect(answer).rejects.toThrow("The kernel has gone.");
    await expect(link.ask("load")).rejects.toThrow("The kernel has gone.");
    vi.advanceTimersByTime(10_000);
    expect(link.reach).toBe("gone");
  });

  test("a connection that was disposed of", async () => {
    const model = new RecordingModel();
    model.send = () => {
      throw new Error("Cannot send");
    };
    const { link } = connect(model);
    await Promise.resolve();
    expect(link.reach).toBe("gone");
    await expect(link.ask("load")).rejects.toThrow("The kernel has gone.");
  });
});

test("a closed link leaves nothing behind", () => {
  const kernel = { statusChanged: new RecordingSignal(), disposed: new RecordingSignal() };
  const { model, link, reaches } = connect(new RecordingModel({}, kernel));
  expect(model.listeners).toBeGreaterThan(0);
  expect(kernel.statusChanged.slots.size).toBe(1);
  void link.ask("load");
  link.close();
  expect(model.listeners).toBe(0);
  expect(kernel.statusChanged.slots.size + kernel.disposed.slots.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
  model.say({ kind: "welcome" });
  expect(reaches).toEqual([]);
});
