import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Form } from "../src/config/form";
import { trans, translateWith, type Translation } from "../src/lib/translation";
import type { Row } from "../src/panel/state";
import { Panel } from "../src/panel/view";
import { field, offer, prospect } from "./config/fields";
import { RecordingModel } from "./model";
import { row } from "./panel/row";

const ENGLISH = trans;

/** Marks what has been translated. */
const MARKING: Translation = {
  __: (text, ...values) => `⟦${ENGLISH.__(text, ...values)}⟧`,
  _n: (one, many, number, ...values) => `⟦${ENGLISH._n(one, many, number, ...values)}⟧`,
  _p: (context, text, ...values) => `⟦${ENGLISH._p(context, text, ...values)}⟧`,
};

afterEach(() => {
  translateWith(ENGLISH);
  document.body.replaceChildren();
});

test("without a translation, words are English", () => {
  expect(trans.__("Unload %1", "m")).toBe("Unload m");
  expect(trans._n("%1 model, %2 loaded", "%1 models, %2 loaded", 1, 0)).toBe("1 model, 0 loaded");
  expect(trans._n("%1 model", "%1 models", 0)).toBe("0 models");
  expect(trans._p("a state", "loaded")).toBe("loaded");
  expect(trans.__("%2 of %1", "%2", "b")).toBe("b of %2");
});

/** What people see, hear or point at and nobody has translated; names and what the kernel says are Greek. */
function untranslated(element: Element): string[] {
  const texts: string[] = [];
  const nodes = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    if (!nodes.currentNode.parentElement?.closest("code")) {
      texts.push(nodes.currentNode.textContent ?? "");
    }
  }
  for (const one of element.querySelectorAll("*")) {
    for (const name of ["aria-label", "aria-valuetext", "aria-description", "title", "placeholder"])
      texts.push(one.getAttribute(name) ?? "");
    if (one.hasAttribute("data-label")) texts.push(one.getAttribute("data-label") ?? "");
  }
  return texts.filter((text) => /[a-z]/i.test(stripped(text)));
}

/** A text without what is marked. */
function stripped(text: string): string {
  const inner = text.replace(/⟦[^⟦⟧]*⟧/g, "");
  return inner === text ? text : stripped(inner);
}

describe("everything that people read can be translated", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    translateWith(MARKING);
  });

  afterEach(() => void vi.useRealTimers());

  const greek = (values: Partial<Row>): Row =>
    row({ name: "μ", encoding: "ε", device: "δ", origin: "ο", ...values });

  test("in a panel", async () => {
    const rows = [
      greek({ name: "α", state: "loaded", weights: 1e6, contexts: 5, pinned: ["π"], last_used: 5 }),
      greek({ name: "β", state: "loading", wanted_by: "ρ" }),
      greek({ name: "γ", state: "failed", error: "ξ" }),
      greek({ name: "ζ", state: "loaded", users: ["ρ", "σ"], work: "unload" }),
      greek({ name: "η", work: "load", problem: ["λ.", "κ."] }),
      greek({ name: "θ", freed: { bytes: 1, seconds: 2, at: 199_999 } }),
    ];
    const gpus = [
      { name: "Γ0", free: 1e9, total: 2e9 },
      { name: "Γ1", free: 0, total: 0 },
    ];
    const totals = { models: 1e6, process: 2e9, free: 3e12, total: 4e12, gpus };
    const progress = [{ name: "β", what: "", fraction: 0.4 }];
    const model = new RecordingModel();
    const panel = new Panel(model, () => Promise.reject(new Error("τ")));
    document.body.append(panel.element);
    expect(untranslated(panel.element)).toEqual([]);
    model.say({ kind: "welcome", revision: 1, now: 200_000, rows, progress, totals });
    for (const opener of panel.element.querySelectorAll<HTMLElement>("th button")) opener.click();
    expect(panel.element.textContent).toContain("⟦loading ⟦40 %⟧⟧");
    expect(untranslated(panel.element)).toEqual([]);
    const ask = async (label: string, answer: Record<string, unknown>): Promise<void> => {
      panel.element.querySelector<HTMLElement>(`[aria-label="⟦${label}⟧"]`)?.click();
      model.say({ kind: "done", id: model.sent.at(-1)?.["id"], ...answer });
      await vi.advanceTimersByTimeAsync(0);
    };
    const nobody = { users: [], loaded: true, pinned: [], agree: ["unload"] };
    for (const [label, confirm] of [
      ["Unload α", { ...nobody, users: ["ρ", "σ"] }],
      ["Forget α", { ...nobody, pinned: ["π"] }],
      ["Cancel loading β", { ...nobody, users: ["ρ"] }],
    ] as const) {
      await ask(label, { confirm });
      expect(panel.element.querySelector(".wasinn-panel-question")).not.toBeNull();
      expect(untranslated(panel.element)).toEqual([]);
    }
    await ask("Configure α", { form: "φ" });
    expect(panel.element.textContent).toContain("⟦The form could not be shown.⟧");
    model.trigger("comm:close");
    panel.element.querySelector(".wasinn-panel-trouble")?.remove(); // has the name of the error
    expect(untranslated(panel.element)).toEqual([]);
    panel.close();
  });

  test("in a form", async () => {
    const offers = [{ ...offer(0, "χ", "ψ"), amount: 4096 }, offer(-1, "ω", "", "ϊ")];
    const fields = [
      field({ key: "α", help: "ά", unit: "τ", span: [256, 4096, 256], offers }),
      field({ key: "β", help: "έ", unit: "", kind: "bool", scope: "model", default: true }),
      field({ key: "γ", help: "ή", unit: "", kind: "str", group: "more", default: null }),
      field({ key: "δ", help: "ί", unit: "", group: "request", default: null }),
    ];
    const values = {
      α: { value: 512, origin: "pin" },
      β: { value: true, origin: "load" },
      γ: { value: "ό", origin: "guest" },
      δ: { value: null, origin: "default" },
    };
    const estimate = { weights: 1e6, kv_cache: 1e6, compute: 1e6, total: 3e6 };
    const place = { total: 8e6, description: "" };
    const model = new RecordingModel({
      name: "μ",
      fields,
      model: { detail: "ύ", loaded: true, gone: "", users: ["ρ", "σ"], values },
      prospect: prospect({
        reload: ["β"],
        estimate,
        places: [
          { ...place, name: "host", needed: 3e6, free: 1e6 },
          { ...place, name: "Γ0", needed: 3e6, free: null },
          { ...place, name: "Γ1", needed: 3e6, free: 4e6 },
        ],
      }),
      work: { what: "", fraction: null, cancelling: false },
      outcome: { ok: true, message: "", hint: "" },
    });
    const form = new Form(model);
    document.body.append(form.element);
    model.say({ kind: "welcome" });
    expect(form.element.textContent).toContain("⟦In use by ⟦ρ and σ⟧.⟧");
    expect(untranslated(form.element)).toEqual([]);
    const box = form.element.querySelector<HTMLInputElement>("[type=checkbox]");
    box?.click();
    expect(form.element.textContent).toContain("⟦Undo⟧");
    expect(untranslated(form.element)).toEqual([]);
    model.change("work", { what: "λ", fraction: 0.5, cancelling: true });
    await vi.advanceTimersByTimeAsync(0);
    expect(form.element.textContent).toContain("⟦cancelling⟧");
    model.change("work", { what: "", fraction: null, cancelling: false });
    model.trigger("comm:close");
    await vi.advanceTimersByTimeAsync(0);
    expect(form.element.textContent).toContain("⟦The kernel has gone.⟧");
    expect(untranslated(form.element)).toEqual([]);
    form.close();
  });
});
