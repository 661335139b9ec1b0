/** Notebooks become files of the user's; nothing that is there already is touched. */

import { PathExt } from "@jupyterlab/coreutils";
import type { INotebookContent } from "@jupyterlab/nbformat";
import type { Contents } from "@jupyterlab/services";

/** A name that is not taken: `name.ipynb`, `name-1.ipynb`, ... */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  const extension = PathExt.extname(name);
  const stem = name.slice(0, name.length - extension.length);
  let free = name;
  for (let i = 1; taken.has(free); i++) free = `${stem}-${i}${extension}`;
  return free;
}

/** The names in a folder. */
async function namesIn(contents: Contents.IManager, folder: string): Promise<Set<string>> {
  const listing = await contents.get(folder, { content: true });
  return new Set((listing.content as Contents.IModel[]).map(({ name }) => name));
}

/** Save a notebook in a folder under a free name; its path. */
export async function saveCopy(
  contents: Contents.IManager,
  folder: string,
  name: string,
  notebook: INotebookContent,
): Promise<string> {
  const free = freeName(name, await namesIn(contents, folder));
  return save(contents, PathExt.join(folder, free), notebook);
}

/** Save notebooks under their names in a new folder; its path. */
export async function saveAll(
  contents: Contents.IManager,
  parent: string,
  name: string,
  notebooks: ReadonlyMap<string, INotebookContent>,
): Promise<string> {
  const folder = PathExt.join(parent, freeName(name, await namesIn(contents, parent)));
  await contents.save(folder, { type: "directory" });
  for (const [file, notebook] of notebooks) {
    await save(contents, PathExt.join(folder, file), notebook);
  }
  return folder;
}

async function save(
  contents: Contents.IManager,
  path: string,
  content: INotebookContent,
): Promise<string> {
  await contents.save(path, { type: "notebook", format: "json", content });
  return path;
}
