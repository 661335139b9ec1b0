/** What a panel knows of the kernel's models: a whole first, then differences in order. */

import type { Message } from "../lib/link";

/** What an unload gave back; `at` is seconds since the epoch by the kernel's clock. */
export interface Freed {
  bytes: number;
  seconds: number;
  at: number;
}

/** One model; sizes in bytes, times in seconds since the epoch, 0 for never. */
export interface Row {
  name: string;
  state: "registered" | "loading" | "loaded" | "unloading" | "failed";
  encoding: string;
  device: string;
  origin: string;
  weights: number;
  contexts: number;
  users: string[];
  /** The run that a load is for. */
  wanted_by: string;
  /** A run's own model, which goes with it. */
  anonymous: boolean;
  pinned: string[];
  last_used: number;
  load_seconds: number;
  error: string;
  /** What a panel has begun with it. */
  work: "" | "load" | "unload" | "forget";
  /** How that went wrong, and what to do about it. */
  problem: [string, string] | null;
  freed: Freed | null;
}

/** `total` is 0 where nothing tells. */
export interface Gpu {
  name: string;
  free: number;
  total: number;
}

/** Memory in bytes. */
export interface Totals {
  models: number;
  process: number;
  free: number;
  total: number;
  gpus: Gpu[];
}

/** What a load is doing, and how much of that is done if it is known. */
export interface Progress {
  what: string;
  fraction: number | null;
}

/** What an update has changed. */
export interface Update {
  /** Rows with other values than before; those with a progress too. */
  changed: Row[];
  /** Whether names came, went or moved. */
  reordered: boolean;
}

export class State {
  readonly rows = new Map<string, Row>();
  progress = new Map<string, Progress>();
  totals: Totals | undefined;
  /** Seconds that the kernel's clock is ahead of ours. */
  ahead = 0;
  /** How often things have changed there; below 0 before anything is known. */
  revision = -1;

  /** Take a whole; nothing if it is older than what is known. */
  welcome(message: Message | Record<string, unknown>): Update | undefined {
    const revision = Number(message["revision"]);
    if (!(revision >= this.revision)) return undefined;
    const rows = message["rows"] as Row[];
    this.revision = revision;
    this.clock(message);
    const old = new Map(this.rows);
    const names = [...old.keys()];
    this.rows.clear();
    for (const row of rows) this.rows.set(row.name, row);
    this.progress = progressOf(message) ?? new Map<string, Progress>();
    this.totals = (message["totals"] ?? this.totals) as Totals | undefined;
    return {
      changed: rows,
      reordered: rows.length !== names.length || rows.some(({ name }, i) => name !== names[i]),
    };
  }

  /** Take a difference; undefined if it does not follow on what is known. */
  change(message: Message): Update | undefined {
    if (message["revision"] !== this.revision + 1) return undefined;
    this.revision++;
    this.clock(message);
    const changed = new Map((message["rows"] as Row[] | undefined)?.map((row) => [row.name, row]));
    for (const [name, row] of changed) this.rows.set(name, row);
    const order = message["order"] as string[] | undefined;
    if (order) this.reorder(order);
    const progress = progressOf(message);
    if (progress) {
      for (const name of [...progress.keys(), ...this.progress.keys()]) {
        const row = this.rows.get(name);
        if (row) changed.set(name, row);
      }
      this.progress = progress;
    }
    this.totals = (message["totals"] ?? this.totals) as Totals | undefined;
    return { changed: [...changed.values()], reordered: order !== undefined };
  }

  /** Whether a difference is of what is known already. */
  knows(message: Message): boolean {
    return Number(message["revision"]) <= this.revision;
  }

  private reorder(order: string[]): void {
    const old = new Map(this.rows);
    this.rows.clear();
    for (const name of order) {
      const row = old.get(name);
      if (row) this.rows.set(name, row);
    }
  }

  private clock(message: Record<string, unknown>): void {
    this.ahead = Number(message["now"]) - Date.now() / 1000;
  }
}

function progressOf(message: Record<string, unknown>): Map<string, Progress> | undefined {
  const list = message["progress"] as ({ name: string } & Progress)[] | undefined;
  return list && new Map(list.map(({ name, what, fraction }) => [name, { what, fraction }]));
}
