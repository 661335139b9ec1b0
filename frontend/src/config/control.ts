/** What a field is edited with, chosen by the kind of its setting and by nothing else. */

import { button, h } from "../lib/dom";
import { parsed } from "./parse";
import { scaleOf, type Scale } from "./scale";
import type { Field, Offer, Raw, Value } from "./types";
import { fieldText, spokenText } from "./wording";

export interface Control {
  readonly element: HTMLElement;
  /** Show what stands in the field. */
  show(raw: Raw): void;
  /** More to be said with the value where it is read out, such as what it needs. */
  remark(text: string): void;
  /** Mark what stands in the field as none of its values. */
  invalid(wrong: boolean): void;
  focus(): void;
}

/** Ids of the elements that name and describe a control. */
export interface Names {
  label: string;
  help: string;
}

export type OnInput = (raw: Raw) => void;

/** The control for a field; `onInput` is called with every change that a person makes. */
export function controlFor(field: Field, names: Names, onInput: OnInput): Control {
  if (field.kind === "bool") return new Toggle(field, names, onInput);
  if (field.closed) {
    const explained = field.offers.some((offer) => offer.reason !== "");
    return explained ? new Radios(field, names, onInput) : new Dropdown(field, names, onInput);
  }
  // numbers that all have a name are an enumeration
  const named = field.kind !== "str" && field.span === null && field.offers.length > 1;
  return named ? new Dropdown(field, names, onInput) : new Entry(field, names, onInput);
}

class Toggle implements Control {
  readonly element: HTMLElement;
  private readonly box: HTMLInputElement;

  constructor(field: Field, names: Names, onInput: OnInput) {
    this.box = h("input", { type: "checkbox", ...named(names), ...blocked(field) });
    this.box.addEventListener("change", () => onInput(this.box.checked));
    this.element = h("label", { class: "wasinn-config-toggle" }, this.box, h("span", {}, "on"));
  }

  show(raw: Raw): void {
    this.box.checked = raw === true;
  }

  remark(): void {
    // whether it is on is all there is to say
  }

  invalid(wrong: boolean): void {
    mark(this.box, wrong);
  }

  focus(): void {
    this.box.focus();
  }
}

class Dropdown implements Control {
  readonly element: HTMLSelectElement;
  private readonly offers: Offer[];

  constructor(field: Field, names: Names, onInput: OnInput) {
    this.offers = withDefault(field);
    this.element = h(
      "select",
      { class: "wasinn-field wasinn-config-select", ...named(names), ...blocked(field) },
      ...this.offers.map((offer) =>
        h("option", { disabled: offer.reason !== "" }, optionText(offer)),
      ),
    );
    this.element.addEventListener("change", () => {
      const offer = this.offers[this.element.selectedIndex];
      if (offer) onInput(offer.value);
    });
  }

  show(raw: Raw): void {
    let index = this.offers.findIndex((offer) => offer.value === raw);
    if (index < 0) {
      // code can set what a form does not offer
      this.offers.push({ value: raw, label: String(raw), note: "", reason: "" });
      this.element.append(h("option", {}, String(raw)));
      index = this.offers.length - 1;
    }
    if (this.element.selectedIndex !== index) this.element.selectedIndex = index;
  }

  remark(): void {
    // the option says it all
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
  return [{ value: field.default, label: "default", note: "", reason: "" }, ...field.offers];
}

function optionText(offer: Offer): string {
  const more = offer.reason || offer.note;
  return more === "" ? offer.label : `${offer.label} (${more})`;
}

/** Choices of which some cannot be had here, each with its reason. */
class Radios implements Control {
  readonly element: HTMLElement;
  private readonly boxes: HTMLInputElement[];

  constructor(
    private readonly field: Field,
    names: Names,
    onInput: OnInput,
  ) {
    this.boxes = field.offers.map((offer, index) =>
      h("input", {
        type: "radio",
        name: names.label,
        disabled: offer.reason !== "" || field.unavailable !== "",
        ...(offer.reason !== "" && { "aria-describedby": `${names.label}-reason-${index}` }),
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
          { class: "wasinn-config-radio" },
          this.boxes[index],
          ...labelled(offer, `${names.label}-reason-${index}`),
        ),
      ),
    );
  }

  show(raw: Raw): void {
    this.boxes.forEach((box, index) => {
      box.checked = this.field.offers[index]?.value === raw;
    });
  }

  remark(): void {
    // the choice says it all
  }

  invalid(wrong: boolean): void {
    mark(this.element, wrong);
  }

  focus(): void {
    (this.boxes.find((box) => box.checked) ?? this.boxes.find((box) => !box.disabled))?.focus();
  }
}

function labelled(offer: Offer, id: string): HTMLElement[] {
  const label = h("span", { class: "wasinn-foreign" }, offer.label);
  if (offer.reason === "") return [label];
  return [label, h("small", { id, class: "wasinn-dim wasinn-foreign" }, offer.reason)];
}

/** A number or a text, with a slider where that helps, and words for values that have one. */
class Entry implements Control {
  readonly element: HTMLElement;
  private readonly text: HTMLInputElement;
  private readonly slider: HTMLInputElement | undefined;
  private readonly words: HTMLButtonElement[];
  private readonly scale: Scale | undefined;
  private value: Value = null;
  private said = "";

  constructor(
    private readonly field: Field,
    names: Names,
    onInput: OnInput,
  ) {
    const number = field.kind !== "str";
    const scale = (this.scale = scaleOf(field));
    this.text = h("input", {
      type: "text",
      class: `wasinn-field ${number ? "wasinn-config-number" : "wasinn-config-text"}`,
      inputmode: field.kind === "int" ? "numeric" : number ? "decimal" : "text",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: field.default === null ? "auto" : undefined,
      dir: number ? "ltr" : "auto",
      ...named(names),
      ...blocked(field),
    });
    this.text.addEventListener("input", () => onInput(parsed(field, this.text.value)));
    if (scale) {
      this.slider = h("input", {
        type: "range",
        class: "wasinn-config-slider",
        min: 0,
        max: scale.last,
        step: 1,
        ...named(names),
        ...blocked(field),
      });
      const slider = this.slider;
      slider.addEventListener("input", () => onInput(scale.valueAt(slider.valueAsNumber)));
    }
    this.words = field.offers.map((offer) => word(offer, onInput));
    const line = h(
      "div",
      { class: "wasinn-config-entry" },
      this.slider,
      this.text,
      field.unit === "" ? undefined : h("span", { class: "wasinn-dim" }, field.unit),
      ...this.words,
    );
    this.element = h("div", {}, line, reasons(field.offers));
  }

  show(raw: Raw): void {
    this.value = raw;
    // what is being typed stays as it was typed
    if (parsed(this.field, this.text.value) !== raw || this.text.value === "") {
      const text = fieldText(this.field, raw);
      if (this.text.value !== text) this.text.value = text;
    }
    this.field.offers.forEach((offer, index) =>
      this.words[index]?.setAttribute("aria-pressed", String(offer.value === raw)),
    );
    this.slide(raw);
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
    if (!this.slider || !this.scale) return;
    const word = this.field.offers.find((offer) => offer.value === raw);
    this.slider.classList.toggle("wasinn-config-slider-idle", word !== undefined);
    if (typeof raw === "number") {
      const below = word !== undefined && raw <= 0;
      const position = below ? this.scale.last : this.scale.positionOf(raw);
      // a step of the slider that a number lies between two of is not a change of it
      if (this.slider.valueAsNumber !== position) this.slider.valueAsNumber = position;
    }
    this.say();
  }

  private say(): void {
    const spoken = spokenText(this.field, this.value);
    const text = this.said === "" ? spoken : `${spoken}, ${this.said}`;
    if (this.slider && this.slider.getAttribute("aria-valuetext") !== text) {
      this.slider.setAttribute("aria-valuetext", text);
    }
  }
}

function word(offer: Offer, onInput: OnInput): HTMLButtonElement {
  const made = button(offer.label, () => onInput(offer.value), {
    class: "wasinn-button wasinn-config-word wasinn-foreign",
    title: offer.reason || offer.note || undefined,
    "aria-pressed": "false",
  });
  made.disabled = offer.reason !== "";
  return made;
}

function reasons(offers: readonly Offer[]): HTMLElement | undefined {
  const explained = offers.filter((offer) => offer.reason !== "");
  if (explained.length === 0) return undefined;
  const items = explained.map((offer) =>
    h("li", { class: "wasinn-foreign" }, `${offer.label}: ${offer.reason}`),
  );
  return h("ul", { class: "wasinn-config-reasons wasinn-dim" }, ...items);
}

function named(names: Names): Record<string, string> {
  return { "aria-labelledby": names.label, "aria-describedby": names.help };
}

function blocked(field: Field): Record<string, boolean> {
  return { disabled: field.unavailable !== "" };
}

function mark(element: Element, wrong: boolean): void {
  if (wrong) element.setAttribute("aria-invalid", "true");
  else element.removeAttribute("aria-invalid");
}
