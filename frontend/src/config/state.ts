/** The traits of the widget, typed. */

import type { Model } from "../lib/link";
import type { Field, ModelState, Outcome, Prospect, Work } from "./types";

export const TRAITS = ["fields", "model", "prospect", "work", "outcome", "ended"] as const;

/** What the kernel says, read anew whenever it is looked at. */
export class State {
  constructor(private readonly source: Model) {}

  get name(): string {
    return String(this.source.get("name"));
  }

  /** By which outputs refer to the widget; empty for a form that is in no cell. */
  get reference(): string {
    const id = this.source.get("reference");
    return typeof id === "string" ? id : "";
  }

  get fields(): Field[] {
    return this.source.get("fields") as Field[];
  }

  get model(): ModelState {
    return this.source.get("model") as ModelState;
  }

  get prospect(): Prospect {
    return this.source.get("prospect") as Prospect;
  }

  get work(): Work {
    return this.source.get("work") as Work;
  }

  get outcome(): Outcome {
    return this.source.get("outcome") as Outcome;
  }

  /** The form was closed, and stays as a table. */
  get ended(): boolean {
    return this.source.get("ended") === true;
  }
}
