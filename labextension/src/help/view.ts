/** A topic as elements and in words. */

import type { TranslationBundle } from "@jupyterlab/translation";
import { h } from "@frontend/lib/dom";
import type { Row } from "@frontend/panel/state";
import { detailWords, stateWords } from "@frontend/panel/words";
import type { Topic } from "./topic";

/** What is shown of a topic; `row` is that of the model that it is about. */
export function topicView(
  topic: Topic,
  row: Row | undefined,
  trans: TranslationBundle,
): HTMLElement {
  const box = h(
    "div",
    { class: "wasinn-told" },
    h("div", { class: "wasinn-help-title", dir: "auto" }, topic.title),
  );
  if (row) box.append(details(row, trans));
  if (topic.text) box.append(h("div", { class: "wasinn-help-text", dir: "auto" }, topic.text));
  if (topic.values.length > 0) {
    const values = topic.values.map((value) => h("code", {}, value));
    box.append(h("div", { class: "wasinn-help-values" }, trans.__("Values:"), ...values));
  }
  return box;
}

/** The same for people who hear it. */
export function topicSpoken(topic: Topic, row: Row | undefined, trans: TranslationBundle): string {
  if (row) return terms(row, trans).flat().join(", ");
  const { title, text, values } = topic;
  if (values.length === 0) return trans.__("%1: %2", title, text);
  return trans.__("%1: %2 Values: %3", title, text, values.join(", "));
}

function details(row: Row, trans: TranslationBundle): HTMLElement {
  const list = h("dl", { class: "wasinn-help-details" });
  for (const [term, text] of terms(row, trans)) {
    list.append(h("dt", {}, term), h("dd", { dir: "auto" }, text));
  }
  return list;
}

function terms(row: Row, trans: TranslationBundle): [term: string, text: string][] {
  // the name is the title
  return [[trans.__("state"), stateWords(row, null)], ...detailWords(row).slice(1)];
}
