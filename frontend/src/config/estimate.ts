/** What the settings would need, place by place, against what is free there. */

import { h, setText } from "../lib/dom";
import { trans } from "../lib/translation";
import { formatBytes } from "../lib/units";
import type { Estimate, Place } from "./types";

const TIGHT = 0.9;
/** What the kernel calls the machine's own memory. */
const HOST = "host";

/** How a place copes: `fits`, `tight` (over nine tenths of what is free), or `over`. */
export function fit(place: Place): "fits" | "tight" | "over" {
  if (place.free === null) return "fits";
  if (place.needed > place.free) return "over";
  return place.needed > TIGHT * place.free ? "tight" : "fits";
}

/** A place's memory in a sentence. */
export function memoryOf(place: Place): string {
  return place.name === HOST
    ? trans.__("the memory of this machine")
    : trans.__("the memory of %1", place.name);
}

/** What a place's bar says in words. */
export function placeText(place: Place): string {
  const needed = formatBytes(place.needed);
  if (place.free === null) return trans.__("%1; what is free is not known", needed);
  const free = formatBytes(place.free);
  const over = place.needed - place.free;
  return over > 0
    ? trans.__("%1 of %2 free: %3 too much", needed, free, formatBytes(over))
    : trans.__("%1 of %2 free", needed, free);
}

/** Shares of a bar: what others use, and what this model needs, of what there is. */
export function shares(place: Place): { used: number; needed: number } {
  const used = place.free === null ? 0 : Math.max(0, place.total - place.free);
  // what does not fit is drawn all the same: the bar then ends before it does
  const whole = Math.max(place.total, used + place.needed, 1);
  return { used: used / whole, needed: place.needed / whole };
}

/** The parts of an estimate in one line. */
export function partsText(estimate: Estimate): string {
  const parts = [trans.__("weights %1", formatBytes(estimate.weights))];
  const { kv_cache: cache, compute } = estimate;
  if (cache > 0) parts.push(trans.__("KV cache %1", formatBytes(cache)));
  if (compute > 0) parts.push(trans.__("compute %1", formatBytes(compute)));
  // a figure stays with its unit and its name
  return parts.map((part) => part.replaceAll(" ", "\u00a0")).join(" · ");
}

export class EstimateView {
  readonly element: HTMLElement;
  private readonly title = h("span", { class: "wasinn-config-needs" });
  private readonly parts = h("span", { class: "wasinn-dim", dir: "auto" });
  private readonly list = h("div", { class: "wasinn-config-places" });
  private rows: PlaceRow[] = [];

  constructor() {
    this.element = h(
      "div",
      {
        class: "wasinn-config-estimate wasinn-figures",
        role: "group",
        "aria-label": trans.__("Memory"),
      },
      h("div", { class: "wasinn-row" }, this.title, this.parts),
      this.list,
    );
  }

  show(estimate: Estimate | null, places: readonly Place[]): void {
    if (!estimate) {
      setText(this.title, trans.__("Memory: not known before the model has been read"));
      setText(this.parts, "");
    } else {
      setText(this.title, trans.__("Memory: about %1", formatBytes(estimate.total)));
      setText(this.parts, partsText(estimate));
    }
    if (this.rows.map((row) => row.name).join() !== places.map((place) => place.name).join()) {
      this.rows = places.map((place) => new PlaceRow(place.name));
      this.list.replaceChildren(...this.rows.map((row) => row.element));
    }
    places.forEach((place, index) => this.rows[index]?.show(place));
  }
}

class PlaceRow {
  readonly element: HTMLElement;
  private readonly used = h("span", { class: "wasinn-config-used" });
  private readonly needed = h("span", { class: "wasinn-config-needed" });
  private readonly bar: HTMLElement;
  private readonly text = h("span", { dir: "auto" });

  constructor(readonly name: string) {
    const shown = name === HOST ? trans._p("memory of", "host") : name;
    this.bar = h(
      "div",
      {
        class: "wasinn-config-bar",
        role: "meter",
        "aria-label": trans.__("Memory of %1", shown),
        "aria-valuemin": 0,
      },
      this.used,
      this.needed,
    );
    this.element = h(
      "div",
      { class: "wasinn-config-place" },
      h("span", { class: "wasinn-foreign" }, shown),
      this.bar,
      this.text,
    );
  }

  show(place: Place): void {
    const { used, needed } = shares(place);
    this.used.style.setProperty("--share", `${(used * 100).toFixed(2)}%`);
    this.needed.style.setProperty("--share", `${(needed * 100).toFixed(2)}%`);
    this.element.dataset["fit"] = fit(place);
    const text = placeText(place);
    setText(this.text, text);
    this.bar.setAttribute("aria-valuemax", String(Math.max(place.free ?? 0, place.needed)));
    this.bar.setAttribute("aria-valuenow", String(place.needed));
    this.bar.setAttribute("aria-valuetext", trans.__("needs %1", text));
  }
}
