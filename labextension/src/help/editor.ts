/** Help where the pointer rests, or at the cursor. */

import type { Extension, TransactionSpec } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { hoverTooltip } from "@codemirror/view";
import type { TranslationBundle } from "@jupyterlab/translation";
import { isShown, showing, shownTooltips } from "../editor/shown";
import type { IHost } from "../tokens";
import { magicLineAt } from "./magic";
import type { HelpTable, HelpTables } from "./table";
import { topicAt } from "./topic";
import type { Topic } from "./topic";
import { topicSpoken, topicView } from "./view";

const HOVER_MS = 300;

/** What help is made from. */
export interface Helping {
  readonly tables: HelpTables;
  readonly trans: TranslationBundle;
  /** The host of the kernel that an editor's code runs in. */
  hostOf(view: EditorView): IHost | null;
}

interface Found {
  readonly topic: Topic;
  readonly from: number;
  readonly to: number;
  readonly host: IHost;
}

/** An editor of a code cell with help for the words of magics. */
export function helpfulEditor(helping: Helping): Extension {
  return [
    hoverTooltip(
      (view, pos) => {
        const found = isShown(view) ? undefined : find(view, pos, helping);
        if (!found) return null;
        const create = () => ({ dom: content(found, helping.trans) });
        return { pos: found.from, end: found.to, above: true, create };
      },
      { hideOnChange: true, hoverTime: HOVER_MS },
    ),
    shownTooltips,
  ];
}

/** What shows help for the word at the cursor; undefined if there is none. */
export function explaining(view: EditorView, helping: Helping): TransactionSpec | undefined {
  const found = find(view, view.state.selection.main.head, helping);
  if (!found) return undefined;
  const { topic, host } = found;
  const spoken = topicSpoken(topic, rowOf(topic, host), helping.trans);
  return showing(found, () => content(found, helping.trans), spoken);
}

function find(view: EditorView, position: number, helping: Helping): Found | undefined {
  const line = magicLineAt(view.state.doc, position);
  const host = line && helping.hostOf(view);
  const table: HelpTable | undefined = host ? helping.tables.of(host) : undefined;
  if (!line || !host || !table) return undefined;
  const topic = topicAt(line, position - line.from, table, (name) => host.models.has(name));
  return topic && { topic, host, from: line.from + topic.from, to: line.from + topic.to };
}

function content({ topic, host }: Found, trans: TranslationBundle): HTMLElement {
  return topicView(topic, rowOf(topic, host), trans);
}

function rowOf({ model }: Topic, host: IHost) {
  return model === undefined ? undefined : host.models.get(model);
}
