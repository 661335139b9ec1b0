import { nullTranslator } from "@jupyterlab/translation";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Hosts } from "../../src/kernel/hosts";
import type { IHost } from "../../src/tokens";
import { Context } from "./context";
import { pass, Process } from "./process";

let hosts: Hosts;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "debug").mockReturnValue();
  hosts = new Hosts(nullTranslator.load("wasinn_nb"));
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("a notebook and a console of one kernel share its host, which goes with both", () => {
  const process = new Process();
  const [notebook, console_] = [
    new Context(process.connect()),
    new Context(process.connect(false)),
  ];
  const added: IHost[] = [];
  hosts.added.connect((_, host) => added.push(host));
  hosts.add(notebook.self);
  hosts.add(console_.self);
  expect(added.length).toBe(1);
  expect(hosts.all).toEqual(added);
  expect(hosts.of(notebook.self)).toBe(hosts.of(console_.self));
  notebook.close();
  expect(hosts.all).toEqual(added);
  console_.close();
  expect(hosts.all).toEqual([]);
  expect(added[0]?.isDisposed).toBe(true);
});

test("the host that counts is that of the notebook with the focus", () => {
  const contexts = [new Context(new Process().connect()), new Context(new Process().connect())];
  const current: (string | undefined)[] = [];
  hosts.currentChanged.connect((_, host) => current.push(host?.kernelId));
  for (const context of contexts) hosts.add(context.self);
  expect(hosts.current).toBeNull();
  for (const context of contexts) hosts.focus(context.self);
  const ids = contexts.map(({ session }) => session?.kernel?.id);
  expect(current).toEqual(ids);
  contexts[1]?.close();
  expect(hosts.current).toBeNull();
  expect(hosts.context).toBeNull();
});

test("a notebook that changes its kernel, or ends it, has another host or none", async () => {
  const [first, second] = [new Process(), new Process()];
  const context = new Context();
  hosts.add(context.self);
  hosts.focus(context.self);
  expect(hosts.current).toBeNull();
  context.use(first.connect());
  expect(hosts.current?.kernelId).toBe(first.id);
  context.use(second.connect());
  expect(hosts.current?.kernelId).toBe(second.id);
  expect(hosts.all.length).toBe(1);
  await pass();
  expect(hosts.current?.standing).toBe("unloaded");
  context.use(null);
  expect(hosts.current).toBeNull();
  expect(hosts.all).toEqual([]);
  expect(hosts.context).toBe(context.self);
});
