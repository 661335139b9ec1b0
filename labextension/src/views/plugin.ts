/** Forms, panels and streams of a kernel that has gone are shown as they were saved. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { INotebookTracker, type NotebookPanel } from "@jupyterlab/notebook";
import { OURS, viewRenderer } from "./view";

/** Before the renderer of widgets, which ours is made of. */
const RANK = -20;

export const viewsPlugin: JupyterFrontEndPlugin<void> = {
  id: "wasinn-nb:views",
  description: "Shows what a notebook has saved where a live view has no kernel any more.",
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_app: JupyterFrontEnd, notebooks: INotebookTracker) => {
    // widgets are rendered with the notebook's own registry, so it is asked for each
    const register = ({ content: { rendermime } }: NotebookPanel): void => {
      rendermime.addFactory(
        { safe: false, mimeTypes: [OURS], createRenderer: () => viewRenderer(rendermime) },
        RANK,
      );
    };
    notebooks.forEach(register);
    notebooks.widgetAdded.connect((_, panel) => register(panel));
  },
};
