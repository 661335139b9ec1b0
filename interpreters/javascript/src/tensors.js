// Tensors, as cells have them and as the host takes them.
import { Tensor as HostTensor } from "wasi:nn/tensor@0.2.0-rc-2024-10-28";

import { dimensions } from "./given.js";

const ARRAYS = {
  FP32: Float32Array,
  FP64: Float64Array,
  U8: Uint8Array,
  I32: Int32Array,
  I64: BigInt64Array,
  FP16: globalThis.Float16Array ?? Uint16Array,
  BF16: Uint16Array,
};
export const DTYPES = {
  FP32: "float32",
  FP64: "float64",
  U8: "uint8",
  I32: "int32",
  I64: "int64",
  FP16: "float16",
};
const TYPES = new Map([
  [Float32Array, "FP32"],
  [Float64Array, "FP64"],
  [Uint8Array, "U8"],
  [Uint8ClampedArray, "U8"],
  [Int32Array, "I32"],
  [BigInt64Array, "I64"],
]);
if (globalThis.Float16Array) TYPES.set(globalThis.Float16Array, "FP16");

const product = (shape) => shape.reduce((a, b) => a * b, 1);

/** Numbers in a shape. `data` is a typed array that the cell may change. */
export class Tensor {
  /**
   * @param data a typed array, an array of numbers (perhaps nested), or bytes of `type`
   * @param shape of a nested array its own; by default one dimension
   * @param type FP32 (what arrays of numbers become), FP64, FP16, BF16, U8, I32 or I64
   */
  constructor(data, shape, type) {
    const own = TYPES.get(data?.constructor);
    this.type = type ?? own ?? "FP32";
    const kind = ARRAYS[this.type];
    if (!kind) throw new TypeError(`There is no type ${type}; there are ${Object.keys(ARRAYS)}.`);
    if (Array.isArray(data) || typeof data === "number") {
      shape ??= shapeOf(data);
      const numbers = [data].flat(Infinity);
      this.data = kind.from(kind === BigInt64Array ? numbers.map(BigInt) : numbers);
    } else if (ArrayBuffer.isView(data)) {
      if (own === this.type) this.data = data;
      else if (data instanceof Uint8Array) this.data = view(data, kind);
      else this.data = kind.from(data);
    } else {
      throw new TypeError("A tensor is made of a typed array or an array of numbers.");
    }
    this.shape = shape === undefined ? [this.data.length] : dimensions(shape);
    if (product(this.shape) !== this.data.length) {
      throw new RangeError(
        `A tensor of shape ${this.shape.join("x")} has ${product(this.shape)} elements, not ${this.data.length}.`,
      );
    }
  }

  get length() {
    return this.data.length;
  }

  [Symbol.iterator]() {
    return this.data[Symbol.iterator]();
  }

  at(...indices) {
    return this.data[indices.reduce((offset, index, i) => offset * this.shape[i] + index, 0)];
  }

  /** The place of the largest element. */
  argmax() {
    return this.data.reduce((best, value, i, all) => (value > all[best] ? i : best), 0);
  }

  /** As arrays in arrays. */
  toArray() {
    const build = (from, shape) =>
      shape.length === 0
        ? this.data[from]
        : Array.from({ length: shape[0] }, (_, i) =>
            build(from + i * product(shape.slice(1)), shape.slice(1)),
          );
    return build(0, this.shape);
  }
}

function shapeOf(data) {
  const shape = [];
  for (let item = data; Array.isArray(item); item = item[0]) shape.push(item.length);
  return shape;
}

function view(bytes, kind) {
  const copy = bytes.slice();
  if (copy.length % kind.BYTES_PER_ELEMENT) {
    throw new RangeError(
      `${copy.length} bytes are no whole number of elements of ${kind.BYTES_PER_ELEMENT}.`,
    );
  }
  return new kind(copy.buffer);
}

export function bytesOf(array) {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

export function given(value) {
  const tensor = value instanceof Tensor ? value : new Tensor(value);
  return new HostTensor(tensor.shape, tensor.type, bytesOf(tensor.data));
}

export function taken(handle) {
  const tensor = new Tensor(handle.data(), handle.dimensions(), handle.ty());
  handle[Symbol.dispose]();
  return tensor;
}
