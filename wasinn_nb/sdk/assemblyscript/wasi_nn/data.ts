// Texts and tensors, on their way to an execution context and back.

import { Code, note } from "./error";
import { Bytes, encode } from "./text";
import * as raw from "./raw";

const SIZE: usize = memory.data(4, 4);
const TENSOR: usize = memory.data(20, 4);
const FIRST_ROOM = 4096;
const MOST_ROOM = 1 << 30;

enum Type {
  F16,
  F32,
  F64,
  U8,
  I32,
  I64,
}

/** Give input `index` as text; returns the host's number. */
export function giveText(context: u32, index: u32, text: string): i32 {
  const data = encode(text);
  store<u32>(SIZE, data.byteLength);
  store<u32>(TENSOR, SIZE as u32);
  store<u32>(TENSOR, 1, 4);
  store<u32>(TENSOR, Type.U8, 8);
  store<u32>(TENSOR, changetype<usize>(data) as u32, 12);
  store<u32>(TENSOR, data.byteLength, 16);
  return raw.set_input(context, index, TENSOR);
}

/** Give input `index` as a tensor. */
export function giveTensor<T extends ArrayBufferView>(
  context: u32,
  index: i32,
  values: T,
  shape: i32[],
): Code {
  let count = 1;
  for (let i = 0; i < shape.length; i++) count *= shape[i];
  const doing = `setting input ${index.toString()} to ${typeName<T>()} [${shape.join(", ")}]`;
  // @ts-ignore: every typed array has it
  const length: i32 = values.length;
  if (count != length) {
    return note(Code.InvalidArgument, `${doing} from ${length.toString()} values`);
  }
  store<u32>(TENSOR, shape.dataStart as u32);
  store<u32>(TENSOR, shape.length, 4);
  store<u32>(TENSOR, typeOf<T>(), 8);
  store<u32>(TENSOR, values.dataStart as u32, 12);
  store<u32>(TENSOR, values.byteLength, 16);
  return note(raw.set_input(context, index, TENSOR), doing);
}

/** Output `index` as a tensor; null if there is none. */
export function takeTensor<T extends ArrayBufferView>(context: u32, index: i32): T | null {
  const bytes = new Bytes(FIRST_ROOM);
  const doing = `getting output ${index.toString()} as ${typeName<T>()}`;
  if (read(context, index, bytes, doing)) return null;
  const width = (1 as i32) << (alignOf<T>() as i32);
  if (bytes.size % width != 0) {
    note(Code.InvalidArgument, `${doing}: it has ${bytes.size.toString()} bytes`);
    return null;
  }
  const values = instantiate<T>(bytes.size / width);
  memory.copy(values.dataStart, bytes.data, bytes.size);
  return values;
}

/** Output `index`, whatever this host does with buffers that are short. */
export function read(context: u32, index: u32, into: Bytes, doing: string): Code {
  into.size = 0;
  while (true) {
    const room = into.capacity;
    const number = raw.get_output(context, index, into.data, room, SIZE);
    const size = load<u32>(SIZE) as i32;
    if (number == 0 && size <= room) {
      into.size = size;
      return Code.Success;
    }
    if (number != 0 && number != (Code.TooLarge as i32)) return note(number, doing);
    const wanted = max(size, 2 * room);
    if (wanted > MOST_ROOM) return note(Code.TooLarge, doing);
    into.reserve(wanted);
  }
}

/** The last token's bytes, behind those that are there. */
export function readToken(context: u32, bytes: Bytes): Code {
  let room = 256;
  while (true) {
    bytes.reserve(bytes.size + room);
    room = bytes.capacity - bytes.size;
    const to = bytes.data + bytes.size;
    const number = raw.get_output_single(context, 0, to, room, SIZE);
    const size = load<u32>(SIZE) as i32;
    if (number == 0 && size <= room) {
      bytes.size += size;
      return Code.Success;
    }
    if (number != 0 && number != (Code.TooLarge as i32)) return note(number, "reading a token");
    room = max(size, 2 * room);
    if (room > MOST_ROOM) return note(Code.TooLarge, "reading a token");
  }
}

function typeOf<T>(): Type {
  if (idof<T>() == idof<Uint16Array>()) return Type.F16;
  if (idof<T>() == idof<Float32Array>()) return Type.F32;
  if (idof<T>() == idof<Float64Array>()) return Type.F64;
  if (idof<T>() == idof<Uint8Array>()) return Type.U8;
  if (idof<T>() == idof<Int32Array>()) return Type.I32;
  if (idof<T>() == idof<Int64Array>()) return Type.I64;
  ERROR("tensors are Uint16Array (16-bit floats), Float32Array, Float64Array, Uint8Array, ...");
  return Type.U8;
}

function typeName<T>(): string {
  return nameof<T>();
}

/** The width of an element, as a power of two. */
function alignOf<T extends ArrayBufferView>(): usize {
  return alignof<valueof<T>>();
}
