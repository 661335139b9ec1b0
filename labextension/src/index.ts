/** The JupyterLab extension: what `%%wasinn` brings to the page. */

import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { commandsPlugin } from "./commands/plugin";
import { completionPlugin } from "./help/completion";
import { helpPlugin } from "./help/plugin";
import { hostsPlugin } from "./kernel/plugin";
import { languagePlugin } from "./language/plugin";
import { marksPlugin } from "./marks/plugin";
import { panelPlugin } from "./panel/plugin";
import { kernelPreferencesPlugin, preferencesPlugin } from "./settings";
import { statusPlugin } from "./status/plugin";
import { tutorialsPlugin } from "./tutorials/plugin";
import { viewsPlugin } from "./views/plugin";

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  preferencesPlugin,
  kernelPreferencesPlugin,
  hostsPlugin,
  panelPlugin,
  viewsPlugin,
  marksPlugin,
  helpPlugin,
  completionPlugin,
  languagePlugin,
  commandsPlugin,
  statusPlugin,
  tutorialsPlugin,
];

export default plugins;
