// A run that is stopped: what waits or works for it fails, so that the cell ends and its state is kept.
import * as host from "wasinn:script/host@0.1.0";

/** Ends a cell that is stopped. One that catches it is ended a moment later, with its state. */
export class Stopped extends Error {
  constructor() {
    super("The run was stopped.");
    this.name = "Stopped";
  }
}

/** Go no further if the run is to end. */
export function proceed() {
  if (host.stopped()) throw new Stopped();
}
