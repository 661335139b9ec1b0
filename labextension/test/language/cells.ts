/** Editors and states with guest cells in them, over JupyterLab's own languages. */

import type { Language } from "@codemirror/language";
import { ensureSyntaxTree, indentUnit } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorLanguageRegistry } from "@jupyterlab/codemirror";
import type { Tree } from "@lezer/common";
import { classHighlighter, highlightTree } from "@lezer/highlight";
import { GuestReader, guestCell } from "../../src/language/extension";
import { GuestLanguages } from "../../src/language/languages";

export const NAMES = ["c", "cpp", "zig", "rust", "go", "js", "assemblyscript", "python", "wat"];

/** A registry as JupyterLab fills it. */
export function registry(): EditorLanguageRegistry {
  const languages = new EditorLanguageRegistry();
  for (const language of EditorLanguageRegistry.getDefaultLanguages()) {
    languages.addLanguage(language);
  }
  return languages;
}

export const LOADED = new GuestLanguages(registry());
await Promise.all(NAMES.map((name) => LOADED.load(name)));
export const READER = new GuestReader(LOADED, null);

/** A cell whose languages are all loaded. */
export function cell(doc: string, selection = { anchor: 0 }): EditorState {
  const extensions = [guestCell(READER, doc), indentUnit.of("    ")];
  const state = EditorState.create({ doc, selection, extensions });
  parsed(state);
  return state.update({}).state;
}

/** The whole tree, however slow the machine is; an editor has it after a while. */
export function parsed(state: EditorState): Tree {
  const tree = ensureSyntaxTree(state, state.doc.length, 30_000);
  if (!tree) throw new Error("The text is not parsed");
  return tree;
}

/** The stretches of a state's text that have a look: `text:class`. */
export function looks(state: EditorState): string[] {
  const found: string[] = [];
  highlightTree(parsed(state), classHighlighter, (from, to, classes) => {
    found.push(`${state.sliceDoc(from, to)}:${classes.replaceAll("tok-", "")}`);
  });
  return found;
}

/** The language of a body by itself. */
export function innerOf(name: string): Language {
  const inner = LOADED.get(name)?.inner;
  if (!inner) throw new Error(`JupyterLab has no ${name}`);
  return inner;
}
