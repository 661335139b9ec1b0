import { expect, test } from "vitest";
import plugins from "../src/index";

test("every plugin has a name of its own under the package's", () => {
  const names = plugins.map((plugin) => plugin.id);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^wasinn-nb:[a-z-]+$/);
});
