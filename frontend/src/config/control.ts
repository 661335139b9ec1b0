/** What a field is edited with, chosen by the kind of its setting and by nothing else. */

import { Dropdown, Radios, Toggle } from "./choices";
import { Entry } from "./entry";
import type { Field, Raw } from "./types";

export interface Control {
  readonly element: HTMLElement;
  /** Show what stands in the field. */
  show(raw: Raw): void;
  /** More to be said with the value where it is read out, such as what it needs. */
  remark?(text: string): void;
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
  const listed = field.kind !== "str" && field.span === null && field.offers.length > 1;
  return listed ? new Dropdown(field, names, onInput) : new Entry(field, names, onInput);
}
