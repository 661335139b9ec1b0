/** Follows notebooks and consoles, and the host of each one's kernel. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import type { ISessionContext } from "@jupyterlab/apputils";
import { IConsoleTracker } from "@jupyterlab/console";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { Poll } from "@lumino/polling";
import type { Widget } from "@lumino/widgets";
import { translateWith } from "@frontend/lib/translation";
import { IHosts } from "../tokens";
import { Hosts } from "./hosts";

/** Milliseconds; a kernel looks after nobody who has been silent for more than twice that. */
const HEARTBEAT = 60_000;

type Trackers = readonly (INotebookTracker | IConsoleTracker)[];

export const hostsPlugin: JupyterFrontEndPlugin<IHosts> = {
  id: "wasinn-nb:hosts",
  description: "Knows the wasi-nn hosts of the kernels in use.",
  autoStart: true,
  provides: IHosts,
  optional: [INotebookTracker, IConsoleTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    translator: ITranslator | null,
  ) => {
    const trans = (translator ?? nullTranslator).load("wasinn_nb");
    translateWith(trans); // for what is shared with the widgets; whatever shows that needs hosts
    const hosts = new Hosts(trans);
    const trackers = [notebooks, consoles].filter((tracker) => tracker !== null);
    follow(app.shell, trackers, hosts);
    keepGreeting(hosts);
    return hosts;
  },
};

function follow(shell: JupyterFrontEnd.IShell, trackers: Trackers, hosts: Hosts): void {
  const focus = (): void => {
    const now = contextOf(shell.currentWidget, trackers);
    // a side panel or a text file leaves it at the notebook that was used last
    const kept = hosts.context?.isDisposed === false ? hosts.context : null;
    const first = trackers.find(({ currentWidget }) => currentWidget !== null)?.currentWidget;
    hosts.focus(now ?? kept ?? first?.sessionContext ?? null);
  };
  for (const tracker of trackers) {
    tracker.forEach(({ sessionContext }) => hosts.add(sessionContext));
    tracker.widgetAdded.connect((_, { sessionContext }) => hosts.add(sessionContext));
    tracker.currentChanged.connect(focus);
  }
  shell.currentChanged?.connect(focus);
  focus();
}

function contextOf(widget: Widget | null, trackers: Trackers): ISessionContext | undefined {
  for (const tracker of trackers) {
    const found = tracker.find((one) => one === widget);
    if (found) return found.sessionContext;
  }
  return undefined;
}

/** While the page is looked at; a hidden one greets anew when it is seen again. */
function keepGreeting(hosts: Hosts): void {
  const poll = new Poll({
    name: "wasinn-nb:greetings",
    frequency: { interval: HEARTBEAT, backoff: false },
    standby: "when-hidden",
    factory: () => {
      hosts.greet();
      return Promise.resolve();
    },
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void poll.refresh();
  });
}
