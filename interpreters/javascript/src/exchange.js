// Values that are exchanged with the notebook.
import * as host from "wasinn:script/host@0.1.0";

import { failure } from "./failures.js";
import { text } from "./given.js";
import { DTYPES, Tensor, bytesOf } from "./tensors.js";
import { TextDecoder, TextEncoder } from "./text.js";

function readSidecar(name) {
  const bytes = host.input(`${name}.json`);
  return bytes ? JSON.parse(new TextDecoder().decode(bytes)) : null;
}

/** What the notebook gave with --in: a Tensor for an array, bytes for everything else. */
export function input(name) {
  const bytes = host.input(text(name, "The name of what is read"));
  if (!bytes)
    throw failure("not-found", `The cell was given no ${name}; give it with --in ${name}.`);
  const sidecar = readSidecar(name);
  if (!sidecar?.shape) return new Uint8Array(bytes);
  const type = Object.keys(DTYPES).find((key) => DTYPES[key] === sidecar.dtype);
  if (!type) throw failure("unsupported-operation", `${name} is of the type ${sidecar.dtype}.`);
  return new Tensor(new Uint8Array(bytes), sidecar.shape, type);
}

export function inputText(name) {
  const value = input(name);
  return new TextDecoder().decode(value instanceof Tensor ? bytesOf(value.data) : value);
}

/** Leave a value for the notebook, which asked for it with --out: a text, bytes or a Tensor. */
export function output(name, value) {
  name = text(name, "The name of what is left");
  const leave = (file, bytes) => {
    try {
      host.output(file, bytes);
    } catch (error) {
      throw failure("invalid-argument", String(error?.payload ?? error));
    }
  };
  const encoder = new TextEncoder();
  if (typeof value === "string") {
    leave(`${name}.json`, encoder.encode(JSON.stringify({ dtype: "str" })));
    leave(name, encoder.encode(value));
    return;
  }
  if (value instanceof Uint8Array) {
    leave(name, value);
    return;
  }
  const tensor = value instanceof Tensor ? value : new Tensor(value);
  const dtype = DTYPES[tensor.type];
  if (!dtype) throw failure("unsupported-operation", `The notebook has no type ${tensor.type}.`);
  leave(`${name}.json`, encoder.encode(JSON.stringify({ dtype, shape: tensor.shape })));
  leave(name, bytesOf(tensor.data));
}

/** Standard input, all of it, as text. */
export function stdin() {
  return new TextDecoder().decode(host.stdin());
}
