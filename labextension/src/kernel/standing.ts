/** How a kernel's host stands: what can happen to it, and what follows from that. */

import type { Standing } from "../tokens";

/**
 * - `lost`, `back`: messages cannot be sent to the kernel any more, and can again.
 * - `unsuited`: it turned out to be no Python kernel.
 * - `found`, `missing`: the extension is loaded there, or is not.
 * - `answered`, `unanswered`: the host said something, or did not in time.
 * - `load`, `failed`: the user asked for the extension here, and that went wrong.
 * - `died`: the kernel has gone for good.
 */
export type Happening =
  | "lost"
  | "back"
  | "unsuited"
  | "found"
  | "missing"
  | "answered"
  | "unanswered"
  | "load"
  | "failed"
  | "died";

/** Where a standing is not named, nothing follows. */
const TRANSITIONS: Record<Happening, Partial<Record<Standing, Standing>>> = {
  lost: {
    asking: "starting",
    unloaded: "starting",
    loading: "starting",
    live: "starting",
    silent: "starting",
  },
  back: { starting: "asking" },
  unsuited: { starting: "unsuited", asking: "unsuited" },
  found: { unloaded: "asking" },
  missing: { asking: "unloaded", live: "unloaded", silent: "unloaded" },
  answered: { asking: "live", unloaded: "live", loading: "live", silent: "live" },
  unanswered: { asking: "silent", loading: "silent", live: "silent" },
  load: { unloaded: "loading" },
  failed: { loading: "unloaded" },
  died: {
    starting: "dead",
    unsuited: "dead",
    asking: "dead",
    unloaded: "dead",
    loading: "dead",
    live: "dead",
    silent: "dead",
  },
};

export function after(standing: Standing, happening: Happening): Standing {
  return TRANSITIONS[happening][standing] ?? standing;
}
