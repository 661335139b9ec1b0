/** Models as a kernel lists them. */

import type { Row } from "@frontend/panel/state";

export function row(name: string, values: Partial<Row> = {}): Row {
  return {
    name,
    state: "loaded",
    encoding: "ggml",
    device: "CPU",
    origin: `${name}.gguf`,
    weights: 1e6,
    contexts: 0,
    users: [],
    wanted_by: "",
    anonymous: false,
    pinned: [],
    last_used: 0,
    load_seconds: 1,
    error: "",
    work: "",
    problem: null,
    freed: null,
    ...values,
  };
}

export function rows(...all: Row[]): Map<string, Row> {
  return new Map(all.map((one) => [one.name, one]));
}
