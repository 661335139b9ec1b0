/** Rows for tests. */

import type { Row } from "../../src/panel/state";

export function row(values: Partial<Row>): Row {
  return {
    name: "story",
    state: "registered",
    encoding: "ggml",
    device: "auto",
    origin: "builtin:tinytales",
    weights: 0,
    contexts: 0,
    users: [],
    wanted_by: "",
    anonymous: false,
    pinned: [],
    last_used: 0,
    load_seconds: 0,
    error: "",
    work: "",
    problem: null,
    freed: null,
    ...values,
  };
}
