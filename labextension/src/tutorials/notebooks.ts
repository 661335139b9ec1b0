/** The tutorial notebooks, each a part of the page that is fetched when it is wanted. */

import type { INotebookContent } from "@jupyterlab/nbformat";

export const QUICKSTART = "01_quickstart.ipynb";

const SOURCES: Record<string, () => Promise<{ default: string }>> = {
  [QUICKSTART]: () => import("../../../notebooks/01_quickstart.ipynb?raw"),
  "02_vision.ipynb": () => import("../../../notebooks/02_vision.ipynb?raw"),
  "03_devices_and_speed.ipynb": () => import("../../../notebooks/03_devices_and_speed.ipynb?raw"),
  "04_languages.ipynb": () => import("../../../notebooks/04_languages.ipynb?raw"),
  "05_model_config.ipynb": () => import("../../../notebooks/05_model_config.ipynb?raw"),
  "06_pipeline.ipynb": () => import("../../../notebooks/06_pipeline.ipynb?raw"),
};

/** The names of all notebooks, in the order in which they are read. */
export const TUTORIALS = Object.keys(SOURCES);

/** A notebook as it ships: without outputs. */
export async function tutorial(name: string): Promise<INotebookContent> {
  const source = SOURCES[name];
  if (!source) throw new Error(`There is no tutorial ${name}.`);
  return JSON.parse((await source()).default) as INotebookContent;
}

/** The same for a place where the others are not: what were links to them are words. */
export function alone(notebook: INotebookContent): INotebookContent {
  const cells = notebook.cells.map((cell) => {
    if (cell.cell_type !== "markdown") return cell;
    const source = [cell.source].flat().join("");
    return { ...cell, source: source.replace(/\[([^\]]*)\]\([\w-]+\.ipynb\)/g, "$1") };
  });
  return { ...notebook, cells };
}

/** The same for a kernel of this server. */
export function forKernel(
  notebook: INotebookContent,
  kernelspec: { name: string; display_name: string },
): INotebookContent {
  return { ...notebook, metadata: { ...notebook.metadata, kernelspec } };
}
