/** Models as a kernel lists them. */

import type { Row } from "@frontend/panel/state";
import { row as anyRow } from "../../frontend/test/panel/row";

/** One that is loaded. */
export function row(name: string, values: Partial<Row> = {}): Row {
  const origin = `${name}.gguf`;
  const loaded = { state: "loaded", device: "CPU", weights: 1e6, load_seconds: 1 } as const;
  return anyRow({ name, origin, ...loaded, ...values });
}

export function rows(...all: Row[]): Map<string, Row> {
  return new Map(all.map((one) => [one.name, one]));
}
