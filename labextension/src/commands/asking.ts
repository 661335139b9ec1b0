/** Dialogs: what the kernel refuses, what it wants to have confirmed, and which one is meant. */

import { Dialog, InputDialog, showDialog, showErrorMessage } from "@jupyterlab/apputils";
import type { TranslationBundle } from "@jupyterlab/translation";
import { Refused } from "@frontend/lib/link";
import { sentences } from "@frontend/lib/units";
import { question, type Action, type Question } from "@frontend/panel/words";
import type { IHost, IPreferences } from "../tokens";

/** Do something for the user, and show why if the kernel refuses. */
export async function attempt(title: string, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (reason) {
    if (!(reason instanceof Refused)) throw reason;
    await showErrorMessage(title, sentences(reason.message, reason.hint));
  }
}

/** Ask the kernel for what may stop runs; false if the user, asked as wished, does not want it. */
export async function askAgreed(
  host: IHost,
  kind: Action,
  name: string,
  { preferences, trans }: { preferences: IPreferences; trans: TranslationBundle },
): Promise<boolean> {
  const asking = preferences.current.confirmUnload;
  const careful = asking === "always";
  const values: Record<string, unknown> = name === "" ? { careful } : { name, careful };
  let answer = await host.ask(kind, values);
  // another guest may have begun while the question was open
  while (answer["confirm"]) {
    const confirm = answer["confirm"] as Question;
    if (asking !== "never" && !(await isAgreed(kind, name, confirm, trans))) return false;
    answer = await host.ask(kind, { ...values, agreed: confirm.agree });
  }
  return true;
}

async function isAgreed(
  kind: Action,
  name: string,
  of: Question,
  trans: TranslationBundle,
): Promise<boolean> {
  const [text, agree] = question(kind, name, of);
  const { button } = await showDialog({
    title: of.users.length > 0 ? trans.__("Stop Guests?") : trans.__("Unload Models?"),
    body: text,
    buttons: [
      Dialog.cancelButton({ label: trans.__("Keep") }),
      Dialog.warnButton({ label: agree }),
    ],
    defaultButton: 0,
  });
  return button.accept;
}

/** The words of a dialog that asks which one is meant. */
export interface Choice {
  readonly title: string;
  readonly question: string;
  readonly okLabel: string;
}

/** Which of several is meant; undefined for none. */
export async function choose<T>(
  { title, question: label, okLabel }: Choice,
  all: readonly T[],
  itemOf: (one: T) => string,
): Promise<T | undefined> {
  if (all.length === 0) return undefined;
  const items = all.map(itemOf);
  const { button, value } = await InputDialog.getItem({ title, label, okLabel, items });
  return button.accept && value !== null ? all[items.indexOf(value)] : undefined;
}
