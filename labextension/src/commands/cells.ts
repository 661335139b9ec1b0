/** Guest cells, as commands see them. */

import { isCodeCellModel, type ICellModel } from "@jupyterlab/cells";
import type { TranslationBundle } from "@jupyterlab/translation";
import { findMagic } from "../language/magic";

export const MAGIC = "%%wasinn";

/** Languages in the order in which they are offered, by the names that the magic has for them. */
export const LANGUAGES = [
  "c",
  "cpp",
  "zig",
  "rust",
  "go",
  "js",
  "assemblyscript",
  "python",
  "wat",
] as const;

/** Those that every installation can build. */
const BUILT_IN: readonly string[] = ["c", "cpp", "zig", "js", "wat"];

/** Languages that can be built: by the kernel, if it has said so. */
export function buildable(languages: readonly string[]): string[] {
  const known = languages.length > 0 ? languages : BUILT_IN;
  return LANGUAGES.filter((language) => known.includes(language));
}

/** A language as people write it. */
export function languageName(language: string, trans: TranslationBundle): string {
  const names: Record<string, string> = {
    c: "C",
    cpp: "C++",
    zig: "Zig",
    rust: "Rust",
    go: "Go",
    js: "JavaScript",
    assemblyscript: "AssemblyScript",
    python: "Python",
    wat: trans.__("WebAssembly Text"),
    wasm: "WebAssembly",
  };
  return names[language] ?? language;
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
