/** A number or a text, with a slider where that helps, and words for values that have one. */

import { button, h } from "../lib/dom";
import { trans } from "../lib/translation";
import type { Control, Names, OnInput } from "./control";
import { attributes, mark } from "./naming";
import { parsed } from "./parse";
import { scaleOf, type Scale } from "./scale";
import type { Field, Offer, Raw } from "./types";
import { fieldText, spokenText } from "./wording";

export class Entry implements Control {
  readonly element: HTMLElement;
  private readonly text: HTMLInputElement;
  private readonly slider: HTMLInputElement | undefined;
  private readonly words: HTMLButtonElement[];
  private readonly scale: Scale | undefined;
  private raw: Raw = null;
  private said = "";

  constructor(
    private readonly field: Field,
    names: Names,
    onInput: OnInput,
  ) {
    const reasons = reasonList(field.offers, `${names.label}-reasons`);
    const own = attributes(field, names, reasons ? `${names.help} ${reasons.id}` : names.help);
    this.scale = scaleOf(field);
    this.slider = this.scale && sliderOver(this.scale, own, onInput);
    this.text = textField(field, own, onInput);
    this.words = field.offers.map((offer) => word(field, offer, onInput));
    const unit = field.unit === "" ? undefined : h("span", { class: "wasinn-dim" }, field.unit);
    this.element = h(
      "div",
      {},
      h("div", { class: "wasinn-config-entry" }, this.slider, this.text, unit, ...this.words),
      reasons,
    );
  }

  show(raw: Raw): void {
    this.raw = raw;
    // what is being typed stays as it was typed
    const text = fieldText(this.field, raw);
    const typed = this.text.value !== "" && parsed(this.field, this.text.value) === raw;
    if (!typed && this.text.value !== text) this.text.value = text;
    this.text.placeholder = placeholder(this.field, raw);
    this.field.offers.forEach((offer, index) =>
      this.words[index]?.setAttribute("aria-pressed", String(offer.value === raw)),
    );
    this.slide(raw);
    this.say();
  }

  remark(text: string): void {
    this.said = text;
    this.say();
  }

  invalid(wrong: boolean): void {
    mark(this.text, wrong);
  }

  focus(): void {
    (this.slider ?? this.text).focus();
  }

  private slide(raw: Raw): void {
    if (!this.slider || !this.scale || typeof raw !== "number") return;
    const worded = this.field.offers.some((offer) => offer.value === raw);
    const outside = worded && raw < (this.field.span?.[0] ?? 0);
    this.slider.classList.toggle("wasinn-config-slider-idle", outside);
    const position = outside ? this.scale.last : this.scale.positionOf(raw);
    if (this.slider.valueAsNumber !== position) this.slider.valueAsNumber = position;
  }

  private say(): void {
    const spoken = spokenText(this.field, this.raw);
    const text = [spoken, this.said].filter(Boolean).join(", ");
    if (this.slider?.getAttribute("aria-valuetext") !== text) {
      this.slider?.setAttribute("aria-valuetext", text);
    }
  }
}

type Own = Record<string, string | boolean>;

function sliderOver(scale: Scale, own: Own, onInput: OnInput): HTMLInputElement {
  const range = { type: "range", min: 0, max: scale.last, step: 1 };
  const slider = h("input", { ...range, class: "wasinn-config-slider", ...own });
  slider.addEventListener("input", () => onInput(scale.valueAt(slider.valueAsNumber)));
  return slider;
}

function textField(field: Field, own: Own, onInput: OnInput): HTMLInputElement {
  const number = field.kind !== "str";
  const text = h("input", {
    // not a field for numbers: it would lose what is typed and is none
    type: "text",
    class: `wasinn-field ${number ? "wasinn-config-number" : "wasinn-config-text"}`,
    inputmode: field.kind === "int" ? "numeric" : number ? "decimal" : "text",
    autocomplete: "off",
    spellcheck: "false",
    dir: number ? "ltr" : "auto",
    ...own,
  });
  text.addEventListener("input", () => onInput(parsed(field, text.value)));
  return text;
}

/** What stands in the empty field of a value that has a word. */
function placeholder(field: Field, raw: Raw): string {
  if (raw === null) return field.default === null ? trans.__("auto") : "";
  const amount = field.offers.find((offer) => offer.value === raw)?.amount;
  return typeof amount === "number" ? String(amount) : "";
}

function word(field: Field, offer: Offer, onInput: OnInput): HTMLButtonElement {
  return button(offer.label, () => onInput(offer.value), {
    class: "wasinn-button wasinn-config-word wasinn-foreign",
    title: offer.reason || offer.note || undefined,
    disabled: offer.reason !== "" || field.unavailable !== "",
    "aria-pressed": "false",
  });
}

function reasonList(offers: readonly Offer[], id: string): HTMLElement | undefined {
  const explained = offers.filter((offer) => offer.reason !== "");
  if (explained.length === 0) return undefined;
  const items = explained.map((offer) =>
    h("li", { class: "wasinn-foreign" }, `${offer.label}: ${offer.reason}`),
  );
  return h("ul", { id, class: "wasinn-config-reasons wasinn-dim" }, ...items);
}
