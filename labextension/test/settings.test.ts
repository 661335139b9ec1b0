import { expect, test } from "vitest";
import { Signal } from "@lumino/signaling";
import schema from "../schema/plugin.json";
import { preferencesOf, tellKernels } from "../src/settings";
import type { IHosts, IPreferences, Preferences, Standing } from "../src/tokens";

test("what the schema says by default is what holds without settings", () => {
  const defaults = Object.fromEntries(
    Object.entries(schema.properties).map(([key, value]) => [key, value.default]),
  );
  expect(preferencesOf(defaults)).toEqual(preferencesOf({}));
  expect(Object.keys(defaults).sort()).toEqual(Object.keys(preferencesOf({})).sort());
});

test("every choice of the schema has a meaning", () => {
  const choices = schema.properties.openStream.oneOf.map((choice) => choice.const);
  const meant = choices.map((openStream) => preferencesOf({ openStream }).openStream);
  expect(new Set(meant)).toEqual(new Set([null, true, false]));
});

class FakeHost {
  standing: Standing = "asking";
  readonly standingChanged = new Signal<FakeHost, Standing>(this);
  readonly told: unknown[] = [];

  stand(standing: Standing): void {
    this.standing = standing;
    this.standingChanged.emit(standing);
  }

  ask(kind: string, values: unknown): Promise<object> {
    this.told.push([kind, values]);
    return Promise.resolve({});
  }
}

test("a kernel is told when it listens, and of every change from then on", () => {
  const [first, second] = [new FakeHost(), new FakeHost()];
  const all = [first];
  const added = new Signal<object, FakeHost>({});
  const changed = new Signal<object, Preferences>({});
  const preferences = { current: preferencesOf({ frameRate: 10 }), changed };
  tellKernels({ all, added } as unknown as IHosts, preferences as unknown as IPreferences);
  expect(first.told).toEqual([]);

  first.stand("live");
  const at10 = ["prefer", { frame_rate: 10, stream: null }];
  expect(first.told).toEqual([at10]);

  all.push(second);
  second.standing = "live";
  added.emit(second);
  expect(second.told).toEqual([at10]);

  first.stand("silent");
  preferences.current = preferencesOf({ openStream: "never" });
  changed.emit(preferences.current);
  const quiet = ["prefer", { frame_rate: null, stream: false }];
  expect(second.told).toEqual([at10, quiet]);
  expect(first.told).toEqual([at10]); // it does not listen
  first.stand("live");
  expect(first.told).toEqual([at10, quiet]);
});
