import { Graph } from "wasi_nn";

const prompt = args.at(-1) ?? "";
const graph = Graph.load("default");

write(prompt);
for (const token of graph.generate(prompt, { maxTokens: 120 })) {
  write(token.text);
}
