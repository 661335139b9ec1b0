// What a cell can import: there are no files, so all modules are here.
import { nearest } from "./near.js";
import { wasi_nn } from "./wasi_nn.js";

const MODULES = new Map([["wasi_nn", wasi_nn]]);

/** What keeps a name from being imported of a module, in words; empty if nothing does. */
export function missing(module, names = []) {
  const found = MODULES.get(module);
  if (!found) {
    return `there is no module ${JSON.stringify(module)}: a cell can import "wasi_nn", and has no files or packages`;
  }
  const unknown = names.find((name) => !Object.hasOwn(found, name));
  if (unknown === undefined) return "";
  const near = nearest(unknown, Object.keys(found));
  return `wasi_nn has no ${unknown}${near ? `; did you mean ${near}?` : ""}`;
}

/** import(module) */
export async function imported(module) {
  const problem = missing(String(module));
  if (problem) throw new TypeError(problem);
  return MODULES.get(String(module));
}
