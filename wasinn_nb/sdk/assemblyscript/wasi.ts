// What AssemblyScript's standard library takes from JavaScript, taken from WASI instead: the console,
// the process, clocks, random numbers, and what is said of a program that ends itself.
//
// asconfig.json of this directory puts it in place: asc program.ts --config .../asconfig.json

import { Date as StandardDate } from "date";

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, vectors: usize, count: i32, written: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: i32, vectors: usize, count: i32, read: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "proc_exit")
declare function proc_exit(code: i32): void;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "args_sizes_get")
declare function args_sizes_get(count: usize, size: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "args_get")
declare function args_get(pointers: usize, text: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "environ_sizes_get")
declare function environ_sizes_get(count: usize, size: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "environ_get")
declare function environ_get(pointers: usize, text: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "clock_time_get")
declare function clock_time_get(clock: i32, precision: u64, time: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "random_get")
declare function random_get(buffer: usize, size: usize): i32;

// @ts-ignore: decorator
@lazy const VECTOR: usize = memory.data(8, 4);
// @ts-ignore: decorator
@lazy const RESULT: usize = memory.data(8, 8);

function writeBytes(fd: i32, data: usize, size: usize): bool {
  while (size > 0) {
    store<u32>(VECTOR, data as u32);
    store<u32>(VECTOR, size as u32, 4);
    if (fd_write(fd, VECTOR, 1, RESULT) != 0) return false;
    const written = load<u32>(RESULT) as usize;
    data += written;
    size -= written;
  }
  return true;
}

function writeText(fd: i32, text: string): void {
  const size = String.UTF8.byteLength(text);
  const data = heap.alloc(size);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, data);
  writeBytes(fd, data, size);
  heap.free(data);
}

// ---- the end of a program ---------------------------------------------------------------------

// @ts-ignore: decorator
@lazy const SAID: usize = memory.data(1536, 1);
// @ts-ignore: decorator
@lazy let aborting: bool = false;

const LONGEST = 400; // units of a text, of at most three bytes each

function sayText(at: usize, text: string): usize {
  return at + String.UTF8.encodeUnsafe(changetype<usize>(text), min(text.length, LONGEST), at);
}

function sayNumber(at: usize, number: u32): usize {
  if (number > 9) at = sayNumber(at, number / 10);
  store<u8>(at, 0x30 + (number % 10));
  return at + 1;
}

/** Say why and where the program ends, and end it. Memory may be what ran out, so none is taken. */
export function abort(
  message: string | null = null,
  file: string | null = null,
  line: u32 = 0,
  column: u32 = 0,
): void {
  if (!aborting) {
    aborting = true;
    let at = SAID;
    store<u64>(at, 0x203a74726f6261); // "abort: "
    at += 7;
    if (message !== null) at = sayText(at, message);
    if (file !== null) {
      store<u32>(at, 0x206e6920); // " in "
      at = sayText(at + 4, file);
      store<u8>(at, 0x28);
      at = sayNumber(at + 1, line);
      store<u8>(at, 0x3a);
      at = sayNumber(at + 1, column);
      store<u8>(at++, 0x29);
    }
    store<u8>(at++, 0x0a);
    writeBytes(2, SAID, at - SAID);
  }
  unreachable();
}

export function trace(
  message: string,
  count: i32 = 0,
  a0: f64 = 0,
  a1: f64 = 0,
  a2: f64 = 0,
  a3: f64 = 0,
  a4: f64 = 0,
): void {
  let text = "trace: " + message;
  if (count > 0) text += " " + a0.toString();
  if (count > 1) text += ", " + a1.toString();
  if (count > 2) text += ", " + a2.toString();
  if (count > 3) text += ", " + a3.toString();
  if (count > 4) text += ", " + a4.toString();
  writeText(2, text + "\n");
}

export function seed(): f64 {
  random_get(RESULT, 8);
  return reinterpret<f64>((load<u64>(RESULT) & 0x000fffffffffffff) | 0x3ff0000000000000);
}

// ---- clocks and chance ------------------------------------------------------------------------

const REALTIME = 0;
const MONOTONIC = 1;

function nanoseconds(clock: i32): u64 {
  clock_time_get(clock, 1000, RESULT);
  return load<u64>(RESULT);
}

export namespace performance {
  export function now(): f64 {
    return (nanoseconds(MONOTONIC) as f64) / 1e6;
  }
}

/** The standard library's, with a clock. */
export class SystemDate extends StandardDate {
  /** Milliseconds since 1970. */
  static now(): i64 {
    return (nanoseconds(REALTIME) / 1000000) as i64;
  }

  static UTC(
    year: i32,
    month: i32 = 0,
    day: i32 = 1,
    hour: i32 = 0,
    minute: i32 = 0,
    second: i32 = 0,
    millisecond: i32 = 0,
  ): i64 {
    return StandardDate.UTC(year, month, day, hour, minute, second, millisecond);
  }

  static parse(text: string): SystemDate {
    return SystemDate.fromString(text);
  }

  static fromString(text: string): SystemDate {
    return new SystemDate(StandardDate.fromString(text).getTime());
  }
}

export namespace crypto {
  export function getRandomValues(array: Uint8Array): void {
    random_get(array.dataStart, array.byteLength);
  }
}

// ---- the console ------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy let timers = new Map<string, u64>();

export namespace console {
  export function log(message: string = ""): void {
    writeText(1, message + "\n");
  }

  export function debug(message: string = ""): void {
    writeText(1, message + "\n");
  }

  export function info(message: string = ""): void {
    writeText(1, message + "\n");
  }

  export function warn(message: string = ""): void {
    writeText(2, message + "\n");
  }

  export function error(message: string = ""): void {
    writeText(2, message + "\n");
  }

  export function assert<T>(condition: T, message: string = ""): void {
    if (!condition) writeText(2, "Assertion failed: " + message + "\n");
  }

  export function time(label: string = "default"): void {
    timers.set(label, nanoseconds(MONOTONIC));
  }

  export function timeLog(label: string = "default"): void {
    if (!timers.has(label)) return;
    const elapsed = ((nanoseconds(MONOTONIC) - timers.get(label)) as f64) / 1e6;
    writeText(1, label + ": " + elapsed.toString() + "ms\n");
  }

  export function timeEnd(label: string = "default"): void {
    timeLog(label);
    timers.delete(label);
  }
}

// ---- the process ------------------------------------------------------------------------------

function texts(count: i32, fill: (pointers: usize, text: usize) => i32, size: usize): string[] {
  const pointers = heap.alloc((count as usize) * 4);
  const text = heap.alloc(size + 1);
  fill(pointers, text);
  const found = new Array<string>(count);
  for (let i = 0; i < count; i++) {
    const one = load<u32>(pointers + ((i as usize) << 2)) as usize;
    let length: usize = 0;
    while (load<u8>(one + length) != 0) length++;
    found[i] = String.UTF8.decodeUnsafe(one, length);
  }
  heap.free(text);
  heap.free(pointers);
  return found;
}

function allArguments(): string[] {
  if (args_sizes_get(RESULT, RESULT + 4) != 0) return [];
  return texts(load<u32>(RESULT) as i32, (p, t) => args_get(p, t), load<u32>(RESULT, 4));
}

function allVariables(): Map<string, string> {
  const found = new Map<string, string>();
  if (environ_sizes_get(RESULT, RESULT + 4) != 0) return found;
  const size = load<u32>(RESULT, 4);
  const lines = texts(load<u32>(RESULT) as i32, (p, t) => environ_get(p, t), size);
  for (let i = 0; i < lines.length; i++) {
    const at = lines[i].indexOf("=");
    if (at > 0) found.set(lines[i].substring(0, at), lines[i].substring(at + 1));
  }
  return found;
}

class Output {
  constructor(private fd: i32) {}

  /** Write a text, or the bytes of an ArrayBuffer. */
  write<T>(data: T): void {
    if (isString<T>()) {
      writeText(this.fd, changetype<string>(data));
    } else if (data instanceof Uint8Array) {
      writeBytes(this.fd, data.dataStart, data.byteLength);
    } else if (data instanceof ArrayBuffer) {
      writeBytes(this.fd, changetype<usize>(data), data.byteLength);
    } else {
      ERROR("a text, a Uint8Array or an ArrayBuffer is written");
    }
  }
}

class Input {
  /** Read what there is into a buffer; returns how many bytes, 0 at the end. */
  read(buffer: ArrayBuffer, offset: i32 = 0): i32 {
    store<u32>(VECTOR, (changetype<usize>(buffer) + offset) as u32);
    store<u32>(VECTOR, buffer.byteLength - offset, 4);
    return fd_read(0, VECTOR, 1, RESULT) == 0 ? (load<u32>(RESULT) as i32) : 0;
  }

  /** Everything up to the end, as a text. */
  text(): string {
    let buffer = new ArrayBuffer(4096);
    let size = 0;
    while (true) {
      const count = this.read(buffer, size);
      if (count == 0) return String.UTF8.decodeUnsafe(changetype<usize>(buffer), size);
      size += count;
      if (size == buffer.byteLength) {
        const larger = new ArrayBuffer(size * 2);
        memory.copy(changetype<usize>(larger), changetype<usize>(buffer), size);
        buffer = larger;
      }
    }
  }
}

export namespace process {
  // @ts-ignore: decorator
  @lazy export const arch: string = "wasm32";
  // @ts-ignore: decorator
  @lazy export const platform: string = "wasm";
  // @ts-ignore: decorator
  @lazy export const argv: string[] = allArguments();
  // @ts-ignore: decorator
  @lazy export const env: Map<string, string> = allVariables();
  // @ts-ignore: decorator
  @lazy export let exitCode: i32 = 0;
  // @ts-ignore: decorator
  @lazy export const stdin: Input = new Input();
  // @ts-ignore: decorator
  @lazy export const stdout: Output = new Output(1);
  // @ts-ignore: decorator
  @lazy export const stderr: Output = new Output(2);

  export function exit(code: i32 = exitCode): void {
    proc_exit(code);
  }

  export function time(): i64 {
    return (nanoseconds(REALTIME) / 1000000) as i64;
  }

  export function hrtime(): u64 {
    return nanoseconds(MONOTONIC);
  }
}
