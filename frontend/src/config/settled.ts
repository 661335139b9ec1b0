/** The table that is left of a form: what most people look for, and what somebody has set. */

import { h } from "../lib/dom";
import { trans } from "../lib/translation";
import type { State } from "./state";
import type { Field, Shown } from "./types";
import { originText, spokenText } from "./wording";

export function settled(state: State): HTMLElement {
  const rows = state.fields.flatMap((field) => {
    const shown = state.model.values[field.key];
    return shown && kept(field, shown) ? [row(field, shown)] : [];
  });
  const head = [
    trans.__("setting"),
    trans.__("value"),
    trans._p("where a value comes from", "from"),
    trans.__("meaning"),
  ].map((name) => h("th", { scope: "col" }, name));
  return h(
    "div",
    {},
    h("div", { class: "wasinn-foreign" }, h("b", {}, trans.__("Settings of %1", state.name))),
    h(
      "table",
      { class: "wasinn-table wasinn-config-settled" },
      h("thead", {}, h("tr", {}, ...head)),
      h("tbody", {}, ...rows),
    ),
  );
}

function kept(field: Field, shown: Shown): boolean {
  return shown.origin !== "default" || (field.group === "main" && field.unavailable === "");
}

function row(field: Field, shown: Shown): HTMLElement {
  return h(
    "tr",
    {},
    h("td", {}, field.key),
    h("td", { class: "wasinn-foreign" }, spokenText(field, shown.value)),
    h("td", {}, shown.origin === "default" ? "" : originText(shown.origin)),
    h("td", { class: "wasinn-foreign" }, field.help),
  );
}
