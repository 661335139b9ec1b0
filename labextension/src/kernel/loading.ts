/** Loading the extension into a kernel, and what to do where that fails. */

import type { TranslationBundle } from "@jupyterlab/translation";
import { Refused } from "@frontend/lib/link";
import type { Standing } from "../tokens";
import type { Reply, Wire } from "./wire";

const LOAD = "%load_ext wasinn_nb";
const INSTALL = "%pip install wasinn-nb";
const UPGRADE = "%pip install --upgrade wasinn-nb";

/** Load it; rejected with `Refused` if the kernel cannot, or has no end for pages then. */
export async function loadInto(wire: Wire, trans: TranslationBundle): Promise<void> {
  let reply: Reply;
  let loaded = false;
  try {
    reply = await wire.execute(LOAD);
    if (reply.status === "ok") loaded = await wire.isLoaded();
  } catch {
    throw new Refused(trans.__("The kernel ended before the extension was loaded."), "");
  }
  if (loaded) return;
  throw reply.status === "ok" ? outdated(trans) : failure(reply, trans);
}

function outdated(trans: TranslationBundle): Refused {
  return new Refused(
    trans.__("The wasinn-nb of this kernel is too old for this page."),
    trans.__("Run %1 in a cell, and restart the kernel.", UPGRADE),
  );
}

function failure(reply: Exclude<Reply, { status: "ok" }>, trans: TranslationBundle): Refused {
  if (reply.status !== "error" || !reply.ename) {
    return new Refused(trans.__("A cell before it failed."), trans.__("Try again."));
  }
  const { ename, evalue } = reply;
  if (ename === "ModuleNotFoundError" && evalue.includes("'wasinn_nb'")) {
    return new Refused(
      trans.__("wasinn-nb is not installed where this kernel runs."),
      trans.__("Run %1 in a cell, then load the extension.", INSTALL),
    );
  }
  return new Refused(
    `${ename}: ${evalue}`,
    trans.__("Run %1 in a cell to see where it fails.", LOAD),
  );
}

/** Why a kernel that stands so is asked in vain; undefined where it is not. */
export function refusal(standing: Standing, trans: TranslationBundle): Refused | undefined {
  switch (standing) {
    case "live":
    case "silent":
      return undefined;
    case "starting":
    case "asking":
      return new Refused(
        trans.__("The kernel is not ready yet."),
        trans.__("Try again in a moment."),
      );
    case "unsuited":
      return new Refused(
        trans.__("This is not a Python kernel."),
        trans.__("Use a notebook with a Python kernel."),
      );
    case "unloaded":
    case "loading":
      return new Refused(
        trans.__("The extension is not loaded in this kernel."),
        trans.__("Run %1 in a cell.", LOAD),
      );
    case "dead":
      return new Refused(trans.__("The kernel has gone."), trans.__("Restart the kernel."));
  }
}
