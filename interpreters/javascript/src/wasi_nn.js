// What cells know as `wasi_nn`: models by name, over wasi:nn and wasinn:llm.
import { input, inputText, output, stdin } from "./exchange.js";
import { errors } from "./failures.js";
import { Context, Graph } from "./models.js";
import { TokenStream } from "./streams.js";
import { Tensor } from "./tensors.js";

export const wasi_nn = Object.freeze({
  Graph,
  Context,
  Tensor,
  TokenStream,
  input,
  inputText,
  output,
  stdin,
  ...errors,
});
