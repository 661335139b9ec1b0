/** What the kernel tells a form, in the shapes of its traits. */

export type Value = boolean | number | string | null;

/** What stands in a field: a value, or what was typed and may be none. */
export type Raw = Value;

/** A value that a form offers by a word; `note` says more, `reason` why it cannot be had here. */
export interface Offer {
  value: Value;
  label: string;
  note: string;
  reason: string;
  /** The number that it comes to, if that is known. */
  amount?: number | null;
}

export type Kind = "bool" | "int" | "float" | "str";
export type Group = "main" | "more" | "request";

/** What has to be made anew when a setting changes. */
export type Scope = "model" | "context" | "request" | "host";

/** A setting of the model's backend, as far as a form needs it. */
export interface Field {
  key: string;
  kind: Kind;
  group: Group;
  scope: Scope;
  help: string;
  unit: string;
  default: Value;
  /** What a slider runs over: low, high and step. Other values may be legal as well. */
  span: [number, number, number] | null;
  offers: Offer[];
  /** Only what is offered can be chosen. */
  closed: boolean;
  /** Why the setting as a whole does nothing here; empty if it does. */
  unavailable: string;
}

export type Origin = "default" | "load" | "guest" | "pin";

/** A setting's value and whose word it is. */
export interface Shown {
  value: Value;
  origin: Origin;
}

/** The model as it is, and its settings without the draft. */
export interface ModelState {
  /** What computes while it is loaded, and other facts in one line. */
  detail: string;
  loaded: boolean;
  /** Why there is no form: the model is forgotten. */
  gone: string;
  users: string[];
  values: Record<string, Shown>;
}

/** Changes that were not applied yet. */
export interface DraftState {
  set: Record<string, Raw>;
  unset: string[];
}

export interface Message {
  message: string;
  hint: string;
}

export interface Estimate {
  weights: number;
  kv_cache: number;
  compute: number;
  total: number;
}

/** Where memory would be taken, in bytes; `free` is null and `total` 0 where nothing tells. */
export interface Place {
  name: string;
  needed: number;
  free: number | null;
  total: number;
  description: string;
}

/** What applying the draft would come to. `view` and `seq` name the draft that it answers. */
export interface Prospect {
  view: number;
  seq: number;
  draft: DraftState;
  /** Settings whose value or origin the draft changes. */
  values: Record<string, Shown>;
  errors: Record<string, string>;
  problem: Message | null;
  reload: string[];
  estimate: Estimate | null;
  places: Place[];
  notes: string[];
}

/** A load that goes on; `what` is empty when there is none. */
export interface Work {
  what: string;
  fraction: number | null;
  cancelling: boolean;
}

/** What came of the last Apply; `message` is empty when there was none. */
export interface Outcome extends Message {
  ok: boolean;
}
