/** Controls for settings with a few values: on or off, one of a list, one of those that are here. */

import { h } from "../lib/dom";
import { trans } from "../lib/translation";
import type { Control, Names, OnInput } from "./control";
import { attributes, mark, named } from "./naming";
import type { Field, Offer, Raw } from "./types";

export class Toggle implements Control {
  readonly element: HTMLElement;
  private readonly box: HTMLInputElement;

  constructor(field: Field, names: Names, onInput: OnInput) {
    this.box = h("input", { type: "checkbox", ...attributes(field, names) });
    this.box.addEventListener("change", () => onInput(this.box.checked));
    this.element = h(
      "label",
      { class: "wasinn-config-toggle" },
      this.box,
      trans._p("a setting", "on"),
    );
  }

  show(raw: Raw): void {
    this.box.checked = raw === true;
  }

  invalid(wrong: boolean): void {
    mark(this.box, wrong);
  }

  focus(): void {
    this.box.focus();
  }
}

export class Dropdown implements Control {
  readonly element: HTMLSelectElement;
  private readonly offers: Offer[];

  constructor(field: Field, names: Names, onInput: OnInput) {
    this.offers = withDefault(field);
    const options = this.offers.map((offer) =>
      h("option", { disabled: offer.reason !== "" }, optionText(offer)),
    );
    const own = { class: "wasinn-field wasinn-config-select" };
    this.element = h("select", { ...own, ...attributes(field, names) }, ...options);
    this.element.addEventListener("change", () => {
      const offer = this.offers[this.element.selectedIndex];
      if (offer) onInput(offer.value);
    });
  }

  show(raw: Raw): void {
    let index = this.offers.findIndex((offer) => offer.value === raw);
    if (index < 0) {
      // code can set what a form does not offer
      index = this.offers.push({ value: raw, label: String(raw), note: "", reason: "" }) - 1;
      this.element.append(h("option", {}, String(raw)));
    }
    if (this.element.selectedIndex !== index) this.element.selectedIndex = index;
  }

  invalid(wrong: boolean): void {
    mark(this.element, wrong);
  }

  focus(): void {
    this.element.focus();
  }
}

function withDefault(field: Field): Offer[] {
  if (field.offers.some((offer) => offer.value === field.default)) return [...field.offers];
  const label = trans._p("a value", "default");
  return [{ value: field.default, label, note: "", reason: "" }, ...field.offers];
}

function optionText(offer: Offer): string {
  const more = offer.reason || offer.note;
  return more === "" ? offer.label : `${offer.label} (${more})`;
}

/** Choices of which some cannot be had here, each with its reason. */
export class Radios implements Control {
  readonly element: HTMLElement;
  private readonly boxes: HTMLInputElement[];

  constructor(
    private readonly field: Field,
    names: Names,
    onInput: OnInput,
  ) {
    const reasonId = (index: number): string => `${names.label}-reason-${index}`;
    this.boxes = field.offers.map((offer, index) =>
      h("input", {
        type: "radio",
        name: names.label,
        disabled: offer.reason !== "" || field.unavailable !== "",
        "aria-describedby": offer.reason === "" ? undefined : reasonId(index),
      }),
    );
    this.boxes.forEach((box, index) =>
      box.addEventListener("change", () => onInput(field.offers[index]?.value ?? null)),
    );
    this.element = h(
      "div",
      { class: "wasinn-config-radios", role: "radiogroup", ...named(names) },
      ...field.offers.map((offer, index) =>
        h(
          "label",
          { class: "wasinn-config-radio", title: offer.note || undefined },
          this.boxes[index],
          h("span", { class: "wasinn-foreign" }, offer.label),
          offer.reason === ""
            ? undefined
            : h("small", { id: reasonId(index), class: "wasinn-dim wasinn-foreign" }, offer.reason),
        ),
      ),
    );
  }

  show(raw: Raw): void {
    this.boxes.forEach((box, index) => {
      box.checked = this.field.offers[index]?.value === raw;
    });
  }

  invalid(wrong: boolean): void {
    mark(this.element, wrong);
  }

  focus(): void {
    (this.boxes.find((box) => box.checked) ?? this.boxes.find((box) => !box.disabled))?.focus();
  }
}
