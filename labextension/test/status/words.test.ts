import { expect, test } from "vitest";
import { nullTranslator } from "@jupyterlab/translation";
import { statusWords } from "../../src/status/words";
import { row, rows } from "../rows";

const trans = nullTranslator.load("wasinn_nb");
const totals = (models: number) => ({ models, process: 0, free: 0, total: 0, gpus: [] });
const idle = { rate: null, runs: [] };
const standing = "live";

test("loaded models are counted, and their memory is that of all together", () => {
  const models = rows(row("a"), row("b"), row("c", { state: "registered" }));
  const words = statusWords({ models, totals: totals(1.234e9), generating: idle, standing }, trans);
  expect(words.models).toBe("2 models · 1.23 GB");
  expect(words.rate).toBe("");
  expect(words.title).toBe("Loaded in this kernel: a and b, 1.23 GB in all");
  expect(words.label).toBe("2 models · 1.23 GB. Show models");
});

test("one model is one", () => {
  const words = statusWords(
    { models: rows(row("a")), totals: totals(5e6), generating: idle, standing },
    trans,
  );
  expect(words.models).toBe("1 model · 5.00 MB");
});

test("without a loaded model there is no memory to tell of", () => {
  const models = rows(row("a", { state: "registered" }));
  const words = statusWords({ models, totals: undefined, generating: idle, standing }, trans);
  expect(words.models).toBe("no models");
  expect(words.title).toBe("No model is loaded in this kernel");
});

test("the rate stands in the label but not in the title, which would flicker under the pointer", () => {
  const generating = { rate: 34.4, runs: ["In[1] #1"] };
  const words = statusWords(
    { models: rows(row("a")), totals: totals(5e6), generating, standing },
    trans,
  );
  expect(words.rate).toBe("· 34 tok/s");
  expect(words.label).toBe("1 model · 5.00 MB · 34 tok/s. Show models");
  expect(words.title).not.toContain("34");
});

test("of a kernel that does not answer no rate is shown", () => {
  const generating = { rate: 34.4, runs: ["In[1] #1"] };
  const host = { models: rows(row("a")), totals: totals(5e6), generating };
  expect(statusWords({ ...host, standing: "silent" }, trans).rate).toBe("");
});
