/** Which kernel runs the notebooks. */

import type { KernelSpec } from "@jupyterlab/services";

/** The server's own Python, else another; undefined if it has none. */
export function pythonOf(
  specs: KernelSpec.ISpecModels | null,
): { name: string; display_name: string } | undefined {
  const all = Object.values(specs?.kernelspecs ?? {}).filter((spec) => spec !== undefined);
  const pythons = all.filter(({ language }) => language.toLowerCase() === "python");
  const spec =
    pythons.find(({ name }) => name === specs?.default) ??
    pythons.find(({ name }) => name === "python3") ??
    pythons[0];
  return spec && { name: spec.name, display_name: spec.display_name };
}
