import { describe, expect, test } from "vitest";
import { fit, placeText, shares } from "../../src/config/estimate";
import { parsed } from "../../src/config/parse";
import { actionFor, fieldText, spokenText, type Situation } from "../../src/config/wording";
import { field, offer } from "./fields";

const LAYERS = field({
  key: "n-gpu-layers",
  unit: "layers",
  span: [0, 33, 1],
  offers: [offer(-1, "all", "", "33 with the output"), offer(-2, "auto", "", "what fits")],
});

describe("values", () => {
  test("are read out with their unit or their word", () => {
    expect(spokenText(field(), 4096)).toBe("4,096 tokens");
    expect(spokenText(field(), 1)).toBe("1 token");
    expect(spokenText(LAYERS, -1)).toBe("all 33 layers");
    expect(spokenText(LAYERS, -2)).toBe("auto, what fits");
    expect(spokenText(field({ unit: "" }), null)).toBe("automatic");
  });

  test("stand in a text field unless a word says them", () => {
    expect(fieldText(LAYERS, 12)).toBe("12");
    expect(fieldText(LAYERS, -1)).toBe("");
    expect(fieldText(field({ kind: "str", offers: [offer("CPU", "CPU")] }), "CPU")).toBe("CPU");
  });

  test("are read from what is typed; the rest is for the kernel to refuse", () => {
    expect(parsed(LAYERS, " 12 ")).toBe(12);
    expect(parsed(LAYERS, "ALL")).toBe(-1);
    expect(parsed(LAYERS, "12x")).toBe("12x");
    expect(parsed(LAYERS, "1.5")).toBe("1.5");
    expect(parsed(LAYERS, "")).toBe("");
    expect(parsed(LAYERS, "99999999999999999999")).toBe("99999999999999999999");
    expect(parsed(field({ kind: "float" }), "1e-3")).toBe(0.001);
    expect(parsed(field({ kind: "float" }), "1e999")).toBe("1e999");
    expect(parsed(field({ kind: "str" }), " 12 ")).toBe(" 12 ");
  });
});

describe("Apply", () => {
  const model = { key: "use-mmap", scope: "model" } as const;
  const context = { key: "ctx-size", scope: "context" } as const;
  const request = { key: "temp", scope: "request" } as const;

  function action(changes: Partial<Situation>) {
    return actionFor({
      changed: [],
      errors: [],
      problem: null,
      reload: [],
      loaded: true,
      users: [],
      over: [],
      ...changes,
    });
  }

  test("does nothing while nothing is changed", () => {
    expect(action({})).toMatchObject({ label: "Apply", enabled: false, reason: "No changes." });
  });

  test("says why it loads again", () => {
    expect(action({ changed: [model, context], reload: ["use-mmap"] })).toEqual({
      label: "Apply and reload",
      reason: "use-mmap changed, so the model is loaded again.",
      enabled: true,
      stop: false,
    });
  });

  test("offers a reload for what code has changed", () => {
    expect(action({ reload: ["use-mmap", "main-gpu"] })).toMatchObject({
      label: "Reload",
      reason: "use-mmap and main-gpu changed since the model was loaded.",
    });
  });

  test("says when a change takes effect that needs no load", () => {
    expect(action({ changed: [context] }).reason).toContain("with the next context");
    expect(action({ changed: [request] }).reason).toContain("with the next request");
    expect(action({ changed: [model], loaded: false, reload: [] }).reason).toContain("next loaded");
  });

  test("names who uses the model, and stops them only if it has to be loaded again", () => {
    const used = { changed: [model], users: ["story #1"] };
    expect(action({ ...used, reload: ["use-mmap"] })).toMatchObject({
      label: "Stop it and apply",
      stop: true,
    });
    expect(action({ ...used, reload: ["use-mmap"] }).reason).toContain("In use by story #1.");
    expect(action({ changed: [context], users: ["story #1"] })).toMatchObject({ stop: false });
  });

  test("warns of a place that has too little memory, and leaves the choice", () => {
    const tight = action({ changed: [context], over: ["the memory of this machine"] });
    expect(tight.enabled).toBe(true);
    expect(tight.reason).toContain("It will hardly fit into the memory of this machine.");
    expect(action({ over: ["the memory of CUDA0"] }).reason).toBe("No changes.");
  });

  test("waits for what cannot be", () => {
    expect(action({ changed: [model], errors: ["a", "b"] })).toMatchObject({
      enabled: false,
      reason: "Correct a and b first.",
    });
    const problem = { message: "They contradict each other.", hint: "Choose one." };
    expect(action({ changed: [model], problem })).toMatchObject({
      enabled: false,
      reason: "They contradict each other. Choose one.",
    });
  });
});

describe("a place", () => {
  const place = { name: "host", needed: 2e9, free: 4e9, total: 16e9, description: "" };

  test("has room, hardly any, or none", () => {
    expect(fit(place)).toBe("fits");
    expect(fit({ ...place, needed: 3.7e9 })).toBe("tight");
    expect(fit({ ...place, needed: 5e9 })).toBe("over");
    expect(fit({ ...place, free: null })).toBe("fits");
  });

  test("says so in words", () => {
    expect(placeText(place)).toBe("2.00 GB of 4.00 GB free");
    expect(placeText({ ...place, needed: 5e9 })).toBe("5.00 GB of 4.00 GB free: 1.00 GB too much");
    expect(placeText({ ...place, free: null })).toContain("not known");
  });

  test("is drawn as a whole, also what does not fit", () => {
    expect(shares(place)).toEqual({ used: 0.75, needed: 0.125 });
    const over = shares({ ...place, needed: 12e9 });
    expect(over.used + over.needed).toBeCloseTo(1);
  });
});
