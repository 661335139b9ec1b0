/** The table that is left of a form which was closed. */

import { h } from "../lib/dom";
import type { State } from "./state";
import { originText, spokenText } from "./wording";

export function settled(state: State): HTMLElement {
  const { values } = state.model;
  const rows = state.fields.flatMap((field) => {
    const shown = values[field.key];
    if (!shown || shown.origin === "default") return [];
    return [
      h(
        "tr",
        {},
        h("th", { scope: "row", class: "wasinn-code" }, field.key),
        h("td", { class: "wasinn-foreign" }, spokenText(field, shown.value)),
        h("td", {}, originText(shown.origin)),
      ),
    ];
  });
  const title = h("div", { class: "wasinn-foreign" }, `Settings of ${state.name}`);
  if (rows.length === 0)
    return h("div", {}, title, h("div", { class: "wasinn-dim" }, "All are at their defaults."));
  return h(
    "div",
    {},
    title,
    h("table", { class: "wasinn-table wasinn-config-settled" }, h("tbody", {}, ...rows)),
  );
}
