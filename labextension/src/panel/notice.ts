/** What stands in the place of the models where there are none to show. */

import type { ISessionContext } from "@jupyterlab/apputils";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { IHost } from "../tokens";

export interface Notice {
  readonly headline: string;
  readonly text: string;
  /** Whether the extension can be loaded from here, or is on its way. */
  readonly loading: "offered" | "under way" | "out of question";
}

/** What is to be said of the kernel that a notebook or console has. */
export function noticeOf(
  context: ISessionContext | null,
  host: IHost | null,
  trans: TranslationBundle,
): Notice {
  const say = (headline: string, text: string): Notice => ({
    headline,
    text,
    loading: "out of question",
  });
  if (!context) {
    return say(
      trans.__("No Notebook"),
      trans.__("Open a notebook or a console to see the models of its kernel."),
    );
  }
  if (!host) return withoutKernel(context, trans, say);
  switch (host.standing) {
    case "starting":
      return onTheWay(context, trans, say);
    case "unsuited":
      return say(
        trans.__("Not a Python Kernel"),
        trans.__(
          "Guests and models need a Python kernel. This one is %1.",
          context.kernelDisplayName,
        ),
      );
    case "dead":
      return say(
        trans.__("The Kernel Died"),
        trans.__("Its models have gone with it. Restart the kernel to go on."),
      );
    case "unloaded":
      return { ...unloaded(host, trans, say), loading: "offered" };
    case "loading":
      return {
        headline: unloaded(host, trans, say).headline,
        text: host.busy
          ? trans.__("It will be loaded when the running cell has ended.")
          : trans.__("It is being loaded."),
        loading: "under way",
      };
    case "asking":
    case "silent":
    case "live":
      return waiting(context, host, trans, say);
  }
}

type Say = (headline: string, text: string) => Notice;

function withoutKernel(context: ISessionContext, trans: TranslationBundle, say: Say): Notice {
  if (["initializing", "starting", "restarting"].includes(context.kernelDisplayStatus)) {
    return onTheWay(context, trans, say);
  }
  return say(
    trans.__("No Kernel"),
    trans.__("Models live in a kernel. Choose one for %1.", context.name),
  );
}

function onTheWay(context: ISessionContext, trans: TranslationBundle, say: Say): Notice {
  switch (context.kernelDisplayStatus) {
    case "restarting":
    case "autorestarting":
      return say(trans.__("Restarting"), trans.__("The kernel is being restarted."));
    case "terminating":
      return say(trans.__("Shutting Down"), trans.__("The kernel is being shut down."));
    case "connecting":
      return say(trans.__("Connecting"), trans.__("The page is connecting to the kernel."));
    case "disconnected":
      return say(
        trans.__("No Connection"),
        trans.__("The connection to the kernel was lost. Reconnect from the Kernel menu."),
      );
    default:
      return say(trans.__("Starting"), trans.__("The kernel is starting."));
  }
}

function unloaded(host: IHost, trans: TranslationBundle, say: Say): Notice {
  return host.restarted
    ? say(
        trans.__("Kernel Restarted"),
        trans.__("Its models have gone with the old process. Load the extension to begin anew."),
      )
    : say(
        trans.__("Extension Not Loaded"),
        trans.__("Load the extension into this kernel to run guests and models there."),
      );
}

function waiting(
  context: ISessionContext,
  host: IHost,
  trans: TranslationBundle,
  say: Say,
): Notice {
  // what a kernel does that has said nothing yet is to run a cell
  const busy = host.busy || context.kernelDisplayStatus === "unknown";
  return busy || host.standing === "silent"
    ? say(
        trans.__("Kernel Busy"),
        trans.__("A cell holds the kernel. Its models are shown as soon as it answers."),
      )
    : say(trans.__("Asking"), trans.__("The kernel is asked for its models."));
}
