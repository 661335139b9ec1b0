/** What the kernel has built from guest cells: which one is meant, and its file. */

import { Dialog, showDialog } from "@jupyterlab/apputils";
import { h } from "@frontend/lib/dom";
import { formatBytes } from "@frontend/lib/units";
import type { IHost, KernelFile } from "../tokens";
import { attempt, choose, type Choice } from "./asking";
import { isGuest, languageName, MAGIC } from "./cells";
import { answers, currentHost, currentNotebook, type Command, type Context } from "./context";

/** Milliseconds after which every browser has taken what it is to save. */
const TAKEN = 10_000;

/** A guest as the kernel lists it. */
interface Built {
  readonly name: string;
  readonly language: string;
  readonly size: number;
  /** The identifier of the cell that it was built from. */
  readonly cell: string | null;
}

export function exportWasm(context: Context): Command {
  const { trans } = context;
  const words = {
    title: trans.__("Export Guest"),
    question: trans.__("Export which guest?"),
    okLabel: trans.__("Export"),
    failed: trans.__("The guest is not exported"),
  };
  return {
    ...forGuest(context, words, async (host, name) => download(await host.fetch("wasm", { name }))),
    label: trans.__("Export Built Guest as .wasm"),
    caption: trans.__("Download the WebAssembly module that was built from the active cell"),
  };
}

/** A command for the guest of the active cell, or for the one that the user chooses. */
export function forGuest(
  context: Context,
  words: Choice & { readonly failed: string },
  task: (host: IHost, name: string) => Promise<void>,
): Command {
  const { trans } = context;
  return {
    describedBy: {
      args: {
        type: "object",
        properties: {
          name: {
            type: "string",
            description: trans.__(
              "A guest's name; that of the active cell, or asked for, if left out",
            ),
          },
          cell: {
            type: "boolean",
            description: trans.__("Whether it is shown for guest cells only"),
          },
        },
      },
    },
    isEnabled: () => hostOf(context) !== null,
    isVisible: ({ cell }) =>
      cell !== true || isGuest(currentNotebook(context)?.content.activeCell?.model),
    execute: async (args) => {
      const host = hostOf(context);
      if (!host) return;
      await attempt(words.failed, async () => {
        const given = args["name"];
        const name = typeof given === "string" ? given : await meant(context, host);
        if (name !== undefined) await task(host, name);
      });
    },
  };

  /** The guest that the user means; undefined if there is none, or he means none. */
  async function meant({ notebooks }: Context, host: IHost): Promise<string | undefined> {
    const guests = (await host.ask("guests"))["guests"] as Built[];
    const active = notebooks.activeCell?.model.id;
    const own = guests.find(({ cell }) => cell !== null && cell === active);
    if (own) return own.name;
    if (guests.length === 0) {
      await showDialog({
        title: trans.__("No guest was built yet"),
        body: trans.__("Run a cell that begins with %1 first.", MAGIC),
        buttons: [Dialog.okButton()],
      });
    }
    const chosen = await choose(words, guests, ({ name, language, size }) =>
      trans.__("%1 (%2, %3)", name, languageName(language, trans), formatBytes(size)),
    );
    return chosen?.name;
  }
}

/** The host of the current notebook, or of what the user works in otherwise. */
function hostOf(context: Context): IHost | null {
  const panel = currentNotebook(context);
  if (!panel) return currentHost(context);
  const host = context.hosts.of(panel.sessionContext);
  return answers(host) ? host : null;
}

/** Save a file where the browser saves files. */
function download({ name, bytes }: KernelFile): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/wasm" }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), TAKEN);
}
