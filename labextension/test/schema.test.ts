import { expect, test } from "vitest";
import schema from "../schema/plugin.json";
import { CommandIDs } from "../src/tokens";

/** Every object in a JSON text that names a command. */
function commands(value: unknown): Record<string, unknown>[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "command" in value ? [value as Record<string, unknown>] : [];
  return [...own, ...Object.values(value).flatMap(commands)];
}

test("menus and shortcuts start what there is", () => {
  const known: readonly string[] = Object.values(CommandIDs);
  const named = commands(schema).map(({ command }) => command);
  expect(named.length).toBeGreaterThan(known.length);
  for (const command of named) expect(known).toContain(command);
});

test("the menu of a cell has what is for guests at guest cells only", () => {
  const items = schema["jupyter.lab.menus"].context;
  expect(items.length).toBeGreaterThan(0);
  for (const { args } of items) expect(args).toEqual({ cell: true });
});
