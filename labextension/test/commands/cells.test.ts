import { expect, test } from "vitest";
import { buildable, isGuestSource, LANGUAGES } from "../../src/commands/cells";

test("a guest cell begins with the magic and a language", () => {
  expect(isGuestSource("%%wasinn c\nint main(void) {}")).toBe(true);
  expect(isGuestSource("\n\n%%wasinn zig --no-run")).toBe(true);
  expect(isGuestSource("%%time\n%%wasinn c\nint main(void) {}")).toBe(true);
  expect(isGuestSource("%%wasinn")).toBe(false);
  expect(isGuestSource("%%wasinnx c")).toBe(false);
  expect(isGuestSource("%%wasinn\tc")).toBe(false); // to IPython that is another magic's name
  expect(isGuestSource("# %%wasinn c")).toBe(false);
  expect(isGuestSource("x = 1\n%%wasinn c")).toBe(false);
});

test("a kernel's languages are offered in our order, without a kernel all", () => {
  expect(buildable(["wat", "rust", "c"])).toEqual(["c", "rust", "wat"]);
  expect(buildable([])).toEqual(LANGUAGES);
});
