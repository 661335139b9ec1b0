/** Commands for the models of the kernel that the user works with. */

import type { TranslationBundle } from "@jupyterlab/translation";
import type { Row } from "@frontend/panel/state";
import { CommandIDs, type IHost } from "../tokens";
import { askAgreed, attempt, choose, type Choice } from "./asking";
import { currentHost, NO_ARGUMENTS, type Command, type Context } from "./context";

/** The schema of a command for one model. */
function modelArgument(trans: TranslationBundle): NonNullable<Command["describedBy"]> {
  const description = trans.__("The name of a model; asked for if left out");
  return { args: { type: "object", properties: { name: { type: "string", description } } } };
}

export function unloadAll(context: Context): Command {
  const { trans } = context;
  return {
    label: trans.__("Unload All Models"),
    caption: trans.__("Free the memory of every model in the current kernel"),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => models(currentHost(context), isLoaded).length > 0,
    execute: async () => {
      const host = currentHost(context);
      if (!host) return;
      await attempt(trans.__("Models are not unloaded"), async () => {
        await askAgreed(host, "unload_all", "", context);
      });
    },
  };
}

export function unloadOthers(context: Context): Command {
  const { trans } = context;
  return {
    label: trans.__("Unload All Models But…"),
    caption: trans.__("Free the memory of every model in the current kernel but one"),
    describedBy: modelArgument(trans),
    isEnabled: () => models(currentHost(context), isLoaded).length > 1,
    execute: async ({ name }) => {
      const host = currentHost(context);
      if (!host) return;
      const kept = await pick(name, models(host, isLoaded), {
        title: trans.__("Unload Models"),
        question: trans.__("Keep which model?"),
        okLabel: trans.__("Unload Others"),
      });
      if (kept === undefined) return;
      await attempt(trans.__("Models are not unloaded"), async () => {
        await askAgreed(host, "unload_others", kept, context);
      });
    },
  };
}

export function configure(context: Context): Command {
  const { trans } = context;
  return {
    label: trans.__("Configure Model…"),
    caption: trans.__("Show the settings of a model of the current kernel"),
    describedBy: modelArgument(trans),
    isEnabled: () => models(currentHost(context), isNamed).length > 0,
    execute: async ({ name }) => {
      const host = currentHost(context);
      const one = await pick(name, models(host, isNamed), {
        title: trans.__("Configure Model"),
        question: trans.__("Configure which model?"),
        okLabel: trans.__("Configure"),
      });
      if (one !== undefined)
        await context.app.commands.execute(CommandIDs.showPanel, { configure: one });
    },
  };
}

const isLoaded = ({ state }: Row): boolean => state === "loaded";
const isNamed = ({ anonymous }: Row): boolean => !anonymous;

function models(host: IHost | null, which: (row: Row) => boolean): Row[] {
  return [...(host?.models.values() ?? [])].filter(which);
}

/** The name that a command was given, else the one that the user chooses. */
async function pick(
  name: unknown,
  rows: readonly Row[],
  words: Choice,
): Promise<string | undefined> {
  if (typeof name === "string") return name;
  if (rows.length === 1) return rows[0]?.name;
  return (await choose(words, rows, (row) => row.name))?.name;
}
