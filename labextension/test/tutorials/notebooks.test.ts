import { expect, test } from "vitest";
import type { KernelSpec } from "@jupyterlab/services";
import { pythonOf } from "../../src/tutorials/kernel";
import { alone, QUICKSTART, tutorial, TUTORIALS } from "../../src/tutorials/notebooks";

const LINK = /\]\([\w-]+\.ipynb\)/;

test("a notebook that is copied alone has no links to the others, and keeps its words", async () => {
  const notebook = await tutorial(QUICKSTART);
  const text = (content: typeof notebook): string =>
    content.cells.flatMap(({ source }) => source).join("\n");
  expect(text(notebook)).toMatch(LINK);
  const copy = alone(notebook);
  expect(text(copy)).not.toMatch(LINK);
  expect(text(copy)).toContain("Devices and speed");
  expect(copy.cells.map(({ id }) => id)).toEqual(notebook.cells.map(({ id }) => id));
});

test("links lead to notebooks that are copied too", async () => {
  for (const name of TUTORIALS) {
    const { cells } = await tutorial(name);
    for (const { source } of cells) {
      for (const [, target] of [source]
        .flat()
        .join("")
        .matchAll(/\]\(([\w-]+\.ipynb)\)/g)) {
        expect(TUTORIALS).toContain(target);
      }
    }
  }
});

function specs(all: Record<string, string>, fallback: string): KernelSpec.ISpecModels {
  const kernelspecs = Object.fromEntries(
    Object.entries(all).map(([name, language]) => [name, { name, language, display_name: name }]),
  );
  return { default: fallback, kernelspecs } as unknown as KernelSpec.ISpecModels;
}

test("the kernel is a Python: the server's default, else the usual one, else any", () => {
  const pythons = { python3: "python", mine: "Python", r: "R" };
  expect(pythonOf(specs(pythons, "mine"))?.name).toBe("mine");
  expect(pythonOf(specs(pythons, "r"))?.name).toBe("python3");
  expect(pythonOf(specs({ r: "R", mine: "python" }, "r"))?.name).toBe("mine");
  expect(pythonOf(specs({ r: "R" }, "r"))).toBeUndefined();
  expect(pythonOf(null)).toBeUndefined();
});
