import { nullTranslator } from "@jupyterlab/translation";
import { expect, test } from "vitest";
import { noticeOf } from "../../src/panel/notice";
import type { IHost, Standing } from "../../src/tokens";
import { Context } from "../kernel/context";

const trans = nullTranslator.load("wasinn_nb");

function headline(standing: Standing | undefined, display = "idle", host: Partial<IHost> = {}) {
  const context = new Context();
  context.kernelDisplayStatus = display;
  const whole = standing ? ({ standing, busy: false, restarted: false, ...host } as IHost) : null;
  return noticeOf(context.self, whole, trans);
}

test("there may be no notebook, no kernel, or one that starts", () => {
  expect(noticeOf(null, null, trans).headline).toBe("No Notebook");
  expect(headline(undefined, "unknown").headline).toBe("No Kernel");
  expect(headline(undefined, "unknown").text).toContain("story.ipynb");
  expect(headline(undefined, "initializing").headline).toBe("Starting");
});

test.each([
  ["starting", "Starting"],
  ["restarting", "Restarting"],
  ["autorestarting", "Restarting"],
  ["terminating", "Shutting Down"],
  ["connecting", "Connecting"],
  ["disconnected", "No Connection"],
])("a kernel that is not there yet is told of: %s", (display, expected) => {
  expect(headline("starting", display).headline).toBe(expected);
});

test("a kernel of another language is named", () => {
  expect(headline("unsuited").text).toContain("Python 3");
});

test("only where the extension is not loaded, loading it is offered", () => {
  const standings: Standing[] = ["starting", "unsuited", "asking", "live", "silent", "dead"];
  for (const standing of standings) expect(headline(standing).loading).toBe("out of question");
  expect(headline("unloaded").loading).toBe("offered");
  expect(headline("loading").loading).toBe("under way");
});

test("a restart is told of until the extension is loaded again", () => {
  expect(headline("unloaded").headline).toBe("Extension Not Loaded");
  expect(headline("unloaded", "idle", { restarted: true }).headline).toBe("Kernel Restarted");
  expect(headline("loading", "idle", { restarted: true }).headline).toBe("Kernel Restarted");
});

test("what waits for a cell says so", () => {
  expect(headline("asking").headline).toBe("Asking");
  expect(headline("asking", "unknown").headline).toBe("Kernel Busy");
  expect(headline("asking", "busy", { busy: true }).headline).toBe("Kernel Busy");
  expect(headline("silent").headline).toBe("Kernel Busy");
  expect(headline("loading", "busy", { busy: true }).text).toContain("cell");
});
