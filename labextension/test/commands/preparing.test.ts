import { expect, test } from "vitest";
import { preparation } from "../../src/commands/preparing";
import type { IHost } from "../../src/tokens";
import { row, rows } from "../rows";

const LOAD_EXTENSION = "%load_ext wasinn_nb";
const LOAD_MODEL = "%wasinn load story builtin:tinytales";

function host(values: Partial<IHost>): IHost {
  return { standing: "live", models: rows(), ...values } as IHost;
}

test("where nothing is known, the extension and a model are loaded first", () => {
  expect(preparation(null, ["1 + 1"])).toEqual({
    lines: [LOAD_EXTENSION, LOAD_MODEL],
    model: "story",
  });
  expect(preparation(host({ standing: "unloaded" }), [])).toEqual({
    lines: [LOAD_EXTENSION, LOAD_MODEL],
    model: "story",
  });
});

test("what the kernel has is not loaded again, whatever the notebook says", () => {
  const models = rows(
    row("digits", { encoding: "openvino" }),
    row("later", { state: "registered" }),
    row("chat"),
  );
  expect(preparation(host({ models }), [])).toEqual({ lines: [], model: "chat" });
  expect(preparation(host({ standing: "silent", models }), []).lines).toEqual([]);
});

test("a registered model is loaded by its guest; one that failed or is a run's own is none", () => {
  const registered = rows(row("later", { state: "registered" }));
  expect(preparation(host({ models: registered }), [])).toEqual({ lines: [], model: "later" });
  const useless = rows(
    row("broken", { state: "failed" }),
    row("mine", { anonymous: true }),
    row("two words"),
  );
  expect(preparation(host({ models: useless }), [])).toEqual({
    lines: [LOAD_MODEL],
    model: "story",
  });
});

test("what cells above will do is not done twice", () => {
  const above = [LOAD_EXTENSION, "%wasinn load chat hf:ORG/REPO/FILE.gguf --set ctx-size=512"];
  expect(preparation(host({ standing: "unloaded" }), above)).toEqual({ lines: [], model: "chat" });
  expect(preparation(null, ["%wasinn load digits builtin:digits"]).lines).toEqual([
    LOAD_EXTENSION,
    LOAD_MODEL,
  ]);
  expect(preparation(null, ["# %load_ext wasinn_nb"]).lines).toContain(LOAD_EXTENSION);
});
