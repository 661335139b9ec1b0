// Gives back what it is given: see test_exchange_languages.py.
import { readArray, readShape, readText, writeArray, writeText } from "wasi_nn";

function back<T extends ArrayBufferView>(name: string): void {
  writeArray<T>(name, readArray<T>(name), readShape(name));
}

back<Int8Array>("int8");
back<Uint8Array>("uint8");
back<Int16Array>("int16");
back<Uint16Array>("uint16");
back<Int32Array>("int32");
back<Uint32Array>("uint32");
back<Int64Array>("int64");
back<Uint64Array>("uint64");
back<Float32Array>("float32");
back<Float64Array>("float64");
console.log(readText("text"));
writeText("text", readText("text") + "!");
if (process.argv.length > 1) back<Float32Array>(process.argv[1]);
