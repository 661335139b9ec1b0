import { readFile } from "node:fs/promises";
import path from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    alias: { "@frontend": path.resolve(import.meta.dirname, "../frontend/src") },
  },
  plugins: [
    {
      // JupyterLab's own packages import their icons as text
      name: "svg",
      enforce: "pre",
      async load(id) {
        if (!id.endsWith(".svg")) return;
        return `export default ${JSON.stringify(await readFile(id, "utf8"))};`;
      },
    },
  ],
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.ts"],
    server: { deps: { inline: [/@jupyterlab\//, /@jupyter\//, /@codemirror\//, /@lezer\//] } },
  },
});
