/** Guest cells, as commands see them. */

import { isCodeCellModel, type ICellModel } from "@jupyterlab/cells";
import type { TranslationBundle } from "@jupyterlab/translation";
import line from "../language/line.json";
import { findMagic } from "../language/magic";

export const MAGIC = "%%wasinn";

/** Languages in the order in which they are offered, by the names that the magic has for them. */
export const LANGUAGES: readonly string[] = Object.keys(line.languages);

const TITLES = new Map(Object.entries(line.languages).map(([name, { title }]) => [name, title]));

/** Languages that can be built: by the kernel, if it has said so. */
export function buildable(languages: readonly string[]): string[] {
  if (languages.length === 0) return [...LANGUAGES];
  return LANGUAGES.filter((language) => languages.includes(language));
}

/** A language as people write it. */
export function languageName(language: string, trans: TranslationBundle): string {
  if (language === "wat") return trans.__("WebAssembly Text");
  if (language === "wasm") return "WebAssembly";
  return TITLES.get(language) ?? language;
}

/** Whether a cell's text is a guest in some language. */
export function isGuestSource(source: string): boolean {
  const magic = findMagic(source.split("\n"));
  return magic !== null && magic.text.trim() !== MAGIC;
}

/** Whether a cell is a guest. */
export function isGuest(cell: ICellModel | undefined | null): boolean {
  return !!cell && isCodeCellModel(cell) && isGuestSource(cell.sharedModel.getSource());
}
