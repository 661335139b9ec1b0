/** The order in which one steps from mark to mark through the cells of a notebook. */

import type { PlacedMark } from "./place";

/** A mark of a notebook. */
export interface Stop {
  /** The index of its cell. */
  readonly cell: number;
  readonly placed: PlacedMark;
}

/** Where one is: a cell, and the cursor in it; before its text in command mode. */
export interface Position {
  readonly cell: number;
  readonly offset: number;
}

/** The index of the next stop, or of the one before; after the last comes the first. */
export function next(stops: readonly Stop[], { cell, offset }: Position, back: boolean): number {
  const beyond = (stop: Stop) => stop.cell - cell || stop.placed.from - offset;
  if (back) {
    const before = stops.findLastIndex((stop) => beyond(stop) < 0);
    return before < 0 ? stops.length - 1 : before;
  }
  const after = stops.findIndex((stop) => beyond(stop) > 0);
  return Math.max(after, 0);
}
