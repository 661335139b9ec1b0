import type { Field, Offer, Prospect } from "../../src/config/types";

export function offer(value: Offer["value"], label: string, reason = "", note = ""): Offer {
  return { value, label, note, reason };
}

export function field(changes: Partial<Field> = {}): Field {
  return {
    key: "ctx-size",
    kind: "int",
    group: "main",
    scope: "context",
    help: "context length",
    unit: "tokens",
    default: 0,
    span: null,
    offers: [],
    closed: false,
    unavailable: "",
    ...changes,
  };
}

export function prospect(changes: Partial<Prospect> = {}): Prospect {
  return {
    view: 0,
    seq: 0,
    draft: { set: {}, unset: [] },
    values: {},
    errors: {},
    problem: null,
    reload: [],
    estimate: null,
    places: [],
    notes: [],
    ...changes,
  };
}
