import { Signal } from "@lumino/signaling";
import { expect, test } from "vitest";
import { HelpTables, readTable } from "../../src/help/table";
import type { IHost, IHosts, Standing } from "../../src/tokens";

/** A host as far as tables need one. */
class Kernel {
  standing: Standing = "asking";
  readonly standingChanged = new Signal<this, Standing>(this);
  readonly asked: string[] = [];
  fails = false;

  ask(kind: string) {
    this.asked.push(kind);
    if (this.fails) return Promise.reject(new Error("gone"));
    return Promise.resolve({ kind: "done", cell: { "--no-run": "build only" } });
  }

  async becomes(standing: Standing): Promise<void> {
    this.standing = standing;
    this.standingChanged.emit(standing);
    await Promise.resolve();
    await Promise.resolve();
  }

  get host(): IHost {
    return this as unknown as IHost;
  }
}

function tablesOf(...kernels: Kernel[]) {
  const hosts = { all: kernels, added: new Signal<object, IHost>({}) };
  return { hosts, tables: new HelpTables(hosts as unknown as IHosts) };
}

test("a kernel is asked once, when it answers", async () => {
  const kernel = new Kernel();
  const { tables } = tablesOf(kernel);
  expect([kernel.asked, tables.of(kernel.host)]).toEqual([[], undefined]);
  await kernel.becomes("live");
  await kernel.becomes("silent");
  await kernel.becomes("live");
  expect(kernel.asked).toEqual(["help"]);
  expect(tables.of(kernel.host)?.cell["--no-run"]).toBe("build only");
});

test("a kernel that comes later is asked too", async () => {
  const { hosts, tables } = tablesOf();
  const kernel = new Kernel();
  await kernel.becomes("live");
  hosts.added.emit(kernel.host);
  await Promise.resolve();
  await Promise.resolve();
  expect(tables.of(kernel.host)).toBeDefined();
});

test("a restarted kernel is asked anew, and nothing is known meanwhile", async () => {
  const kernel = new Kernel();
  const { tables } = tablesOf(kernel);
  await kernel.becomes("live");
  await kernel.becomes("starting");
  expect(tables.of(kernel.host)).toBeUndefined();
  await kernel.becomes("live");
  expect(kernel.asked).toEqual(["help", "help"]);
});

test("a kernel that refused is asked again when it is live again", async () => {
  const kernel = new Kernel();
  kernel.fails = true;
  const { tables } = tablesOf(kernel);
  await kernel.becomes("live");
  expect(tables.of(kernel.host)).toBeUndefined();
  kernel.fails = false;
  await kernel.becomes("live");
  expect(tables.of(kernel.host)).toBeDefined();
});

test("a table of another shape is an empty one", () => {
  const table = readTable({ kind: "done", cell: 3, verbs: { load: null }, values: { a: 1 } });
  expect(table.verbs["load"]).toEqual({ summary: "", usage: "", options: {} });
  expect([table.cell, table.values["a"]]).toEqual([{}, []]);
});
