import { beforeEach, expect, test } from "vitest";
import type { INotebookContent } from "@jupyterlab/nbformat";
import type { Contents } from "@jupyterlab/services";
import { freeName, saveAll, saveCopy } from "../../src/tutorials/copying";

const NOTEBOOK: INotebookContent = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };

/** Files by path; folders end with a slash. */
let files: Map<string, unknown>;

const contents = {
  get: (folder: string) => {
    const under = folder === "" ? "" : `${folder}/`;
    const names = [...files.keys()]
      .filter((path) => path.startsWith(under) && path !== under)
      .map((path) => path.slice(under.length).split("/")[0]);
    return Promise.resolve({ content: [...new Set(names)].map((name) => ({ name })) });
  },
  save: (path: string, { type, content }: Partial<Contents.IModel>) => {
    files.set(type === "directory" ? `${path}/` : path, content);
    return Promise.resolve({});
  },
} as unknown as Contents.IManager;

beforeEach(() => (files = new Map()));

test("a free name is the next that is not taken", () => {
  expect(freeName("a.ipynb", new Set())).toBe("a.ipynb");
  expect(freeName("a.ipynb", new Set(["a.ipynb", "a-1.ipynb"]))).toBe("a-2.ipynb");
  expect(freeName("folder", new Set(["folder"]))).toBe("folder-1");
});

test("a copy is never written over a file", async () => {
  files.set("work/a.ipynb", "mine");
  expect(await saveCopy(contents, "work", "a.ipynb", NOTEBOOK)).toBe("work/a-1.ipynb");
  expect(await saveCopy(contents, "work", "a.ipynb", NOTEBOOK)).toBe("work/a-2.ipynb");
  expect(await saveCopy(contents, "", "a.ipynb", NOTEBOOK)).toBe("a.ipynb");
  expect(files.get("work/a.ipynb")).toBe("mine");
});

test("all go into a new folder under their names, for they refer to each other", async () => {
  files.set("work/tutorials/a.ipynb", "mine");
  const all = new Map([
    ["a.ipynb", NOTEBOOK],
    ["b.ipynb", NOTEBOOK],
  ]);
  expect(await saveAll(contents, "work", "tutorials", all)).toBe("work/tutorials-1");
  expect([...files.keys()]).toEqual([
    "work/tutorials/a.ipynb",
    "work/tutorials-1/",
    "work/tutorials-1/a.ipynb",
    "work/tutorials-1/b.ipynb",
  ]);
  expect(files.get("work/tutorials/a.ipynb")).toBe("mine");
});
