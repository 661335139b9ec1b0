/** Running a guest cell, and stopping what runs. */

import { Notification, type ISessionContext } from "@jupyterlab/apputils";
import { NotebookActions, type NotebookPanel } from "@jupyterlab/notebook";
import { stopIcon } from "@jupyterlab/ui-components";
import { runGuestIcon } from "../icons";
import type { IHost } from "../tokens";
import { attempt } from "./asking";
import { isGuest } from "./cells";
import { currentHost, currentNotebook, NO_ARGUMENTS, type Command, type Context } from "./context";

/** Run the active guest cell, or stop what runs in the notebook. */
export function runWithStop(context: Context): Command {
  const { runs, trans } = context;
  const panel = (): NotebookPanel | null => currentNotebook(context);
  const isRunning = (): boolean => runs.in(panel());
  return {
    label: () => (isRunning() ? trans.__("Stop Guest") : trans.__("Run Guest Cell")),
    caption: () => runCaption(context, isRunning()),
    icon: ({ isPalette }) =>
      isPalette === true ? undefined : isRunning() ? stopIcon : runGuestIcon,
    describedBy: NO_ARGUMENTS,
    isEnabled: () => isRunning() || isGuest(panel()?.content.activeCell?.model),
    execute: async () => {
      const notebook = panel();
      if (notebook) await runOrStop(context, notebook);
    },
  };
}

/** Stop what runs in the kernel of the notebook or console that the user works in. */
export function stop(context: Context): Command {
  const { hosts, runs, trans } = context;
  return {
    label: trans.__("Stop All Guests"),
    caption: trans.__("Stop every guest of the current kernel; their text is kept"),
    icon: ({ isPalette }) => (isPalette === true ? undefined : stopIcon),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => runs.at(hosts.current) || runs.in(currentNotebook(context)),
    execute: async () => {
      const host = currentHost(context);
      if (host && hosts.context) await stopAll(context, host, hosts.context);
    },
  };
}

export function runCaption({ trans }: Context, isRunning: boolean): string {
  return isRunning
    ? trans.__("Stop the guest: its text is kept, and later cells run")
    : trans.__("Run the guest in the active cell; the same stops it");
}

export async function runOrStop(context: Context, panel: NotebookPanel): Promise<void> {
  const { dialogs, hosts, runs, translator } = context;
  const { content, sessionContext } = panel;
  if (runs.in(panel)) {
    const host = hosts.of(sessionContext);
    if (host) await stopAll(context, host, sessionContext);
  } else {
    await NotebookActions.run(content, sessionContext, dialogs, translator);
  }
}

/** Stop the guests of a host, in the kernel of that session. */
async function stopAll(
  { trans }: Context,
  host: IHost,
  sessionContext: ISessionContext,
): Promise<void> {
  let told: string | undefined;
  const tell = (): void => {
    if (told !== undefined || host.standing !== "silent") return;
    // a kernel that is held by other code handles the request when that has ended
    told = Notification.warning(
      trans.__("The kernel does not answer now. Interrupt it to stop the guest."),
      {
        autoClose: 10_000,
        actions: [
          {
            label: trans.__("Interrupt"),
            // another notebook may be in front by then
            callback: () => void sessionContext.session?.kernel?.interrupt(),
          },
        ],
      },
    );
  };
  host.standingChanged.connect(tell);
  tell();
  try {
    await attempt(trans.__("Guests are not stopped"), async () => {
      await host.ask("stop");
    });
  } finally {
    host.standingChanged.disconnect(tell);
    if (told !== undefined) Notification.dismiss(told);
  }
}
