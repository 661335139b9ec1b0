/**
 * The words that people read, in their language where the page has it, else in English.
 *
 * Words are looked up where they are shown and not when a module is loaded: that is too early. What
 * the kernel says is shown as it says it.
 */

/** JupyterLab's `TranslationBundle`, as far as we use it: `%1` stands for the first value. */
export interface Translation {
  __(text: string, ...values: unknown[]): string;
  /** In plural texts, `%1` is the number that decides between the two. */
  _n(one: string, many: string, number: number, ...values: unknown[]): string;
  /** The context tells translators which of its meanings a short text has. */
  _p(context: string, text: string, ...values: unknown[]): string;
}

const fill = (text: string, values: unknown[]): string =>
  text.replace(/%(\d+)/g, (_, place) => String(values[Number(place) - 1]));

const english: Translation = {
  __: (text, ...values) => fill(text, values),
  _n: (one, many, number, ...values) => fill(number === 1 ? one : many, [number, ...values]),
  _p: (_context, text, ...values) => fill(text, values),
};

export let trans = english;

/** Use the translations of this page from now on. */
export function translateWith(bundle: Translation): void {
  trans = bundle;
}
