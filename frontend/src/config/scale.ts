/** Where a number stands on a slider: evenly, or by powers of two where the range is wide. */

import type { Field } from "./types";

export interface Scale {
  /** The slider's last position; the first is 0. */
  readonly last: number;
  valueAt(position: number): number;
  positionOf(value: number): number;
}

const MOST_EVEN = 256;
/** From this ratio on, a range in coarse steps is one of sizes, where doubling counts. */
const WIDE = 8;

/** The scale of a field's slider; undefined for a field that has none. */
export function scaleOf(field: Field): Scale | undefined {
  if (!field.span) return undefined;
  const [low, high, step] = field.span;
  if (!(high > low) || !(step > 0)) return undefined;
  const sizes = low > 0 && step > 1 && high / low >= WIDE;
  return sizes || (high - low) / step > MOST_EVEN ? ladder(low, high, step) : even(low, high, step);
}

function even(low: number, high: number, step: number): Scale {
  const last = Math.floor((high - low) / step + 1e-9);
  return {
    last,
    // written out and read back: 0.1 * 3 is no number that anybody would type
    valueAt: (position) => Number((low + clamp(position, last) * step).toPrecision(12)),
    positionOf: (value) => clamp((value - low) / step, last),
  };
}

/** Powers of two and what lies in the middle between them: 1024, 1536, 2048, ... */
function ladder(low: number, high: number, step: number): Scale {
  const rungs = new Set([low, high]);
  for (let power = 2 ** Math.floor(Math.log2(Math.max(low, 1))); power < high; power *= 2) {
    for (const rung of [power, power * 1.5]) {
      const legal = low + Math.round((rung - low) / step) * step;
      if (legal > low && legal < high) rungs.add(legal);
    }
  }
  const values = [...rungs].sort((a, b) => a - b);
  const last = values.length - 1;
  return {
    last,
    valueAt: (position) => values[clamp(position, last)] ?? high,
    positionOf: (value) => nearest(values, value),
  };
}

function nearest(values: readonly number[], value: number): number {
  const distances = values.map((rung) => Math.abs(rung - value));
  return distances.indexOf(Math.min(...distances));
}

function clamp(position: number, last: number): number {
  return Math.min(Math.max(Math.round(position), 0), last);
}
