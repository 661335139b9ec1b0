// Values from the notebook and back: files of /in and /out, and beside an array's a JSON file with its
// type and shape.

import { Code, check, note } from "./error";
import { numbersOf, textOf } from "./json";

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_prestat_get")
declare function fd_prestat_get(fd: i32, result: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_prestat_dir_name")
declare function fd_prestat_dir_name(fd: i32, path: usize, size: u32): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "path_open")
declare function path_open(
  directory: i32,
  lookup: u32,
  path: usize,
  size: u32,
  flags: u32,
  rights: u64,
  inherited: u64,
  descriptor: u32,
  result: usize,
): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: i32, vectors: usize, count: i32, read: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, vectors: usize, count: i32, written: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_close")
declare function fd_close(fd: i32): i32;

const RESULT: usize = memory.data(8, 4);
const VECTOR: usize = memory.data(8, 4);
const FIRST_DIRECTORY = 3;
const CREATE_AND_EMPTY = 1 | 8;
const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 6;

/** The descriptor of a directory that the guest was given; -1 if it was not. */
function directory(wanted: string): i32 {
  for (let fd = FIRST_DIRECTORY; fd_prestat_get(fd, RESULT) == 0; fd++) {
    const name = new ArrayBuffer(load<u32>(RESULT, 4));
    fd_prestat_dir_name(fd, changetype<usize>(name), name.byteLength);
    if (String.UTF8.decode(name) == wanted) return fd;
  }
  return -1;
}

function open(root: string, name: string, flags: u32, rights: u64): i32 {
  const at = directory(root);
  if (at < 0) return -1;
  const path = String.UTF8.encode(name);
  const start = changetype<usize>(path);
  if (path_open(at, 0, start, path.byteLength, flags, rights, 0, 0, RESULT) != 0) return -1;
  return load<u32>(RESULT) as i32;
}

function readFile(name: string): ArrayBuffer | null {
  const fd = open("/in", name, 0, READ);
  if (fd < 0) return null;
  let buffer = new ArrayBuffer(64 << 10);
  let size = 0;
  while (true) {
    store<u32>(VECTOR, (changetype<usize>(buffer) + size) as u32);
    store<u32>(VECTOR, buffer.byteLength - size, 4);
    if (fd_read(fd, VECTOR, 1, RESULT) != 0) break;
    const count = load<u32>(RESULT) as i32;
    if (count == 0) break;
    size += count;
    if (size == buffer.byteLength) {
      const larger = new ArrayBuffer(2 * size);
      memory.copy(changetype<usize>(larger), changetype<usize>(buffer), size);
      buffer = larger;
    }
  }
  fd_close(fd);
  return buffer.slice(0, size);
}

function writeFile(name: string, data: usize, size: i32): void {
  const doing = `writing /out/${name}`;
  const fd = open("/out", name, CREATE_AND_EMPTY, WRITE);
  if (fd < 0) check(note(Code.NotFound, `${doing}, without --out ${name}`));
  while (size > 0) {
    store<u32>(VECTOR, data as u32);
    store<u32>(VECTOR, size, 4);
    if (fd_write(fd, VECTOR, 1, RESULT) != 0) check(note(Code.RuntimeError, doing));
    data += load<u32>(RESULT);
    size -= load<u32>(RESULT) as i32;
  }
  fd_close(fd);
}

/** The bytes of a value that --in gave. */
export function readBytes(name: string): Uint8Array {
  const data = readFile(name);
  if (data === null) check(note(Code.NotFound, `reading /in/${name}, without --in ${name}`));
  return Uint8Array.wrap(data!);
}

/** A text that --in gave. */
export function readText(name: string): string {
  return String.UTF8.decode(readBytes(name).buffer);
}

/** The values of an array that --in gave: readArray<Float32Array>("picture") */
export function readArray<T extends ArrayBufferView>(name: string): T {
  const described = readFile(name + ".json");
  if (described !== null) {
    const given = textOf(String.UTF8.decode(described), "dtype");
    if (given != dtype<T>()) {
      const what = `reading /in/${name}, whose values are ${given}, as ${dtype<T>()}`;
      check(note(Code.InvalidArgument, what));
    }
  }
  const bytes = readBytes(name);
  const values = instantiate<T>(bytes.length >> (alignof<valueof<T>>() as i32));
  memory.copy(values.dataStart, bytes.dataStart, values.byteLength);
  return values;
}

/** The shape of an array that --in gave. */
export function readShape(name: string): i32[] {
  const described = readFile(name + ".json");
  if (described === null) return [readBytes(name).length];
  return numbersOf(String.UTF8.decode(described), "shape").map<i32>((one) => one as i32);
}

/** Give bytes to the notebook, for --out. */
export function writeBytes(name: string, bytes: Uint8Array): void {
  writeFile(name, bytes.dataStart, bytes.byteLength);
}

/** Give a text to the notebook, for --out. */
export function writeText(name: string, text: string): void {
  const data = String.UTF8.encode(text);
  writeFile(name, changetype<usize>(data), data.byteLength);
}

/** Give an array to the notebook, for --out. */
export function writeArray<T extends ArrayBufferView>(name: string, values: T, shape: i32[] = []): void {
  // @ts-ignore: every typed array has it
  const length: i32 = values.length;
  if (!shape.length) shape = [length];
  writeFile(name, values.dataStart, values.byteLength);
  writeText(`${name}.json`, `{"dtype": "${dtype<T>()}", "shape": [${shape.join(", ")}]}`);
}

/** The name that numpy has for the values of a typed array. */
function dtype<T>(): string {
  if (idof<T>() == idof<Uint8Array>()) return "uint8";
  if (idof<T>() == idof<Int8Array>()) return "int8";
  if (idof<T>() == idof<Int16Array>()) return "int16";
  if (idof<T>() == idof<Uint16Array>()) return "uint16";
  if (idof<T>() == idof<Int32Array>()) return "int32";
  if (idof<T>() == idof<Uint32Array>()) return "uint32";
  if (idof<T>() == idof<Int64Array>()) return "int64";
  if (idof<T>() == idof<Uint64Array>()) return "uint64";
  if (idof<T>() == idof<Float32Array>()) return "float32";
  if (idof<T>() == idof<Float64Array>()) return "float64";
  ERROR("the notebook has no such arrays");
  return "";
}
