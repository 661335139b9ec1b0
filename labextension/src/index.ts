/** The JupyterLab extension: what `%%wasinn` brings to the page. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { hostsPlugin } from "./kernel/plugin";
import { marksPlugin } from "./marks/plugin";
import { helpPlugin } from "./help/plugin";
import { completionPlugin } from "./help/completion";

const settings: JupyterFrontEndPlugin<void> = {
  id: "wasinn-nb:plugin",
  description: "The settings of the extension.",
  autoStart: true,
  optional: [ISettingRegistry],
  activate: async (_app: JupyterFrontEnd, registry: ISettingRegistry | null) => {
    await registry?.load(settings.id);
  },
};

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  settings,
  hostsPlugin,
  marksPlugin,
  helpPlugin,
  completionPlugin,
];

export default plugins;
