/** The languages of guests, each loaded when a cell first names it. */

import type { IEditorLanguageRegistry } from "@jupyterlab/codemirror";
import { GuestLanguage } from "./guest";
import line from "./line.json";
import { zig } from "./zig";

const MIME_TYPES = new Map(Object.entries(line.languages).map(([name, { mime }]) => [name, mime]));

/** The languages of guests, by name; the empty name is that of a body that stays plain. */
export class GuestLanguages {
  readonly plain = new GuestLanguage("guest", null);
  private readonly loaded = new Map([["", this.plain]]);
  private readonly loading = new Map<string, Promise<void>>();

  constructor(private readonly registry: IEditorLanguageRegistry) {
    if (!registry.findByName("Zig")) registry.addLanguage(zig());
  }

  /** A language; undefined while it is not loaded. */
  get(name: string): GuestLanguage | undefined {
    return this.loaded.get(name);
  }

  /** Load a language; one that could not be loaded is tried anew by the next call. */
  async load(name: string): Promise<void> {
    let pending = this.loading.get(name);
    if (!pending) {
      pending = this.fetch(name).finally(() => this.loading.delete(name));
      this.loading.set(name, pending);
    }
    await pending;
  }

  private async fetch(name: string): Promise<void> {
    if (this.loaded.has(name)) return;
    const known = this.registry.findByMIME(MIME_TYPES.get(name) ?? "");
    const found = known && (await this.registry.getLanguage(known));
    this.loaded.set(name, new GuestLanguage(name, found?.support?.language ?? null));
  }
}
