import { expect, test } from "vitest";
import { nullTranslator } from "@jupyterlab/translation";
import type { Context } from "../../src/commands/context";
import { insertGuest } from "../../src/commands/insert";
import { LANGUAGES } from "../../src/commands/cells";
import { guestCell, SOURCES } from "../../src/skeletons/cell";
import type { Standing } from "../../src/tokens";

/** Whether a guest can be inserted into a notebook whose kernel stands so; null without kernel. */
function isEnabled(standing: Standing | null, readOnly = false): boolean {
  const panel = { content: { model: { readOnly } }, sessionContext: {} };
  const context = {
    app: { shell: { currentWidget: panel } },
    notebooks: { currentWidget: panel },
    hosts: { of: () => standing && { standing } },
    trans: nullTranslator.load("wasinn_nb"),
  } as unknown as Context;
  return insertGuest(context).isEnabled?.({}) ?? true;
}

test("guests are for notebooks that can be written to, and not for those of other languages", () => {
  expect(isEnabled("live")).toBe(true);
  expect(isEnabled("unloaded")).toBe(true);
  expect(isEnabled(null)).toBe(true); // a kernel may be chosen later
  expect(isEnabled("unsuited")).toBe(false);
  expect(isEnabled("live", true)).toBe(false);
});

test("every language that is offered has a skeleton", () => {
  expect(Object.keys(SOURCES).sort()).toEqual([...LANGUAGES].sort());
});

test("a guest of a language without a skeleton is its first line", () => {
  expect(guestCell("js", "story")).toMatch(
    /^%%wasinn js --model default=story -- "Once upon a time"\nimport/,
  );
  expect(guestCell("cobol", "story")).toBe("%%wasinn cobol\n");
});
