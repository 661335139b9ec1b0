/** What the kernel tells of the words of its magics. */

import type { IHost, IHosts } from "../tokens";

type Texts = Readonly<Record<string, string>>;

export interface Verb {
  readonly summary: string;
  readonly usage: string;
  /** Positional words by their names, in their order, and options as they are written. */
  readonly options: Texts;
}

export interface HelpTable {
  /** The words of `%%wasinn`, as in a verb. */
  readonly cell: Texts;
  readonly verbs: Readonly<Record<string, Verb>>;
  /** The keys of models' settings. */
  readonly settings: Texts;
  /** What `%config WasinnMagics` knows. */
  readonly preferences: Texts;
  /** What stands for a value in usage texts; a word without one takes none. */
  readonly metavars: Texts;
  /** The values of a word or a setting that has only these. */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

/** The tables of all kernels in use; each is asked for it once, before somebody wants to read. */
export class HelpTables {
  private readonly tables = new WeakMap<IHost, HelpTable>();
  private readonly asked = new WeakSet<IHost>();

  constructor(hosts: IHosts) {
    for (const host of hosts.all) this.add(host);
    hosts.added.connect((_, host) => this.add(host));
  }

  /** The table of a kernel; undefined while it is not known. */
  of(host: IHost): HelpTable | undefined {
    return this.tables.get(host);
  }

  private add(host: IHost): void {
    host.standingChanged.connect(() => void this.follow(host));
    void this.follow(host);
  }

  private async follow(host: IHost): Promise<void> {
    if (host.standing === "unloaded" || host.standing === "starting") {
      // another version may be loaded next
      this.tables.delete(host);
      this.asked.delete(host);
    } else if (host.standing === "live" && !this.asked.has(host)) {
      this.asked.add(host);
      try {
        this.tables.set(host, readTable(await host.ask("help")));
      } catch {
        // it has gone, or is of a version that does not know: it is asked when it is live anew
        this.asked.delete(host);
      }
    }
  }
}

/** A table as the kernel sends it; what it lacks is empty. */
export function readTable(message: Record<string, unknown>): HelpTable {
  const { cell, verbs, settings, preferences, metavars, values } = message;
  return {
    cell: texts(cell),
    verbs: mapped(verbs, (verb) => {
      const { summary, usage, options } = record(verb);
      return { summary: text(summary), usage: text(usage), options: texts(options) };
    }),
    settings: texts(settings),
    preferences: texts(preferences),
    metavars: texts(metavars),
    values: mapped(values, (list) => (Array.isArray(list) ? list.map(text) : [])),
  };
}

function texts(value: unknown): Texts {
  return mapped(value, text);
}

function mapped<T>(value: unknown, each: (value: unknown) => T): Record<string, T> {
  const pairs = Object.entries(record(value)).map(([key, one]) => [key, each(one)] as const);
  // without a prototype, so that no word of a user names something else
  return Object.assign(Object.create(null) as Record<string, T>, Object.fromEntries(pairs));
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
