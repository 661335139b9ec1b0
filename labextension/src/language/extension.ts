/** Editors that show a cell in a guest's language while its magic line asks for it. */

import { StreamLanguage, foldService, language } from "@codemirror/language";
import type { Extension, Transaction } from "@codemirror/state";
import { Compartment, EditorState, Prec, StateEffect, StateField } from "@codemirror/state";
import type { EditorView, PluginValue, ViewUpdate } from "@codemirror/view";
import { ViewPlugin, keymap } from "@codemirror/view";
import type { IPreferences } from "../tokens";
import { toggleBodyComment } from "./comments";
import { indentedBlock } from "./folding";
import type { GuestLanguage } from "./guest";
import type { GuestLanguages } from "./languages";
import { findMagic, languageOf } from "./magic";

interface GuestCell {
  /** The language that the magic line names, empty if none that is known. */
  readonly name: string;
  /** What the cell is shown in; null while it still is in the notebook's language. */
  readonly shown: GuestLanguage | null;
  /** Where the body begins. */
  readonly body: number;
}

const becomes = StateEffect.define<GuestCell | null>();
/** Said to an editor when a language has been loaded, or highlighting was switched. */
const refreshed = StateEffect.define();

/** What an editor's cell is; null if it is no guest's. */
const cellField = StateField.define<GuestCell | null>({
  create: () => null,
  update: (cell, { effects }) =>
    effects.reduce((last, effect) => (effect.is(becomes) ? effect.value : last), cell),
});
const languageSlot = new Compartment();

// In a magic line, where brackets mean nothing.
const MAGIC_DATA = [{ closeBrackets: { brackets: ["'", '"'] } }];

/** Reads cells as guests, as far as the user wants them to look like that. */
export class GuestReader {
  constructor(
    readonly languages: GuestLanguages,
    readonly preferences: IPreferences | null,
  ) {}

  /** What a cell of these lines is; it stays as it is shown while its language is not loaded. */
  read(lines: Iterable<string>, shown: GuestLanguage | null): GuestCell | null {
    if (this.preferences?.current.highlighting === false) return null;
    const magic = findMagic(lines);
    if (!magic) return null;
    const name = languageOf(magic);
    return { name, shown: this.languages.get(name) ?? shown, body: magic.to + 1 };
  }
}

/**
 * The extension for the editor of a code cell.
 *
 * @param source the cell's text as the editor opens, so that its first look is right.
 */
export function guestCell(reader: GuestReader, source: string): Extension {
  const cell = reader.read(source.split("\n"), reader.languages.plain);
  return [
    cellField.init(() => cell),
    languageSlot.of(installed(cell)),
    // the text and its language change in one transaction: nothing is ever painted in another's
    EditorState.transactionExtender.of((tr) => changed(tr, reader)),
    ViewPlugin.define((view) => new Loader(view, reader)),
    EditorState.languageData.of(dataAt),
    // parsers of tokens know no blocks
    foldService.of((state, from) =>
      state.field(cellField)?.shown?.inner instanceof StreamLanguage
        ? indentedBlock(state, from)
        : null,
    ),
    Prec.high(keymap.of([{ key: "Mod-/", run: toggleComments }])),
  ];
}

function changed(
  { docChanged, effects, newDoc, startState }: Transaction,
  reader: GuestReader,
): { effects: StateEffect<unknown>[] } | null {
  if (!docChanged && !effects.some((effect) => effect.is(refreshed))) return null;
  const before = startState.field(cellField);
  const after = reader.read(newDoc.iterLines(), before?.shown ?? null);
  if (isSame(before, after)) return null;
  return {
    effects: [
      becomes.of(after),
      ...(before?.shown === after?.shown ? [] : [languageSlot.reconfigure(installed(after))]),
    ],
  };
}

function isSame(one: GuestCell | null, other: GuestCell | null): boolean {
  return one?.name === other?.name && one?.shown === other?.shown && one?.body === other?.body;
}

/** The language of a cell, above the notebook's, whenever that comes. */
function installed(cell: GuestCell | null): Extension {
  return cell?.shown ? Prec.highest(language.of(cell.shown)) : [];
}

function dataAt(state: EditorState, pos: number): readonly Record<string, unknown>[] {
  const cell = state.field(cellField);
  if (!cell?.shown) return [];
  if (pos < cell.body) return MAGIC_DATA;
  return cell.shown.inner ? state.facet(cell.shown.inner.data) : [];
}

function toggleComments(view: EditorView): boolean {
  const cell = view.state.field(cellField);
  return cell?.shown ? toggleBodyComment(view, cell.body) : false;
}

/** Has the language loaded that an editor's magic line names. */
class Loader implements PluginValue {
  private wanted = "";
  private gone = false;

  constructor(
    private readonly view: EditorView,
    private readonly reader: GuestReader,
  ) {
    reader.preferences?.changed.connect(this.refresh);
    this.load(view.state);
  }

  update({ state }: ViewUpdate): void {
    this.load(state);
  }

  destroy(): void {
    this.gone = true;
    this.reader.preferences?.changed.disconnect(this.refresh);
  }

  private load(state: EditorState): void {
    const name = state.field(cellField)?.name ?? "";
    if (name === this.wanted) return;
    this.wanted = name;
    if (this.reader.languages.get(name)) return;
    this.reader.languages.load(name).then(this.refresh, (reason: unknown) => {
      console.warn(`The language ${name} could not be loaded.`, reason);
    });
  }

  private readonly refresh = (): void => {
    if (!this.gone) this.view.dispatch({ effects: refreshed.of(null) });
  };
}
