import { readFile } from "node:fs/promises";
import path from "node:path";
import { defineConfig } from "vitest/config";

const HERE = import.meta.dirname;

export default defineConfig({
  resolve: {
    alias: [
      { find: "@frontend", replacement: path.resolve(HERE, "../frontend/src") },
      {
        find: /^@jupyter\/(react|web)-components$/,
        replacement: path.resolve(HERE, "test/components.ts"),
      },
    ],
  },
  plugins: [
    {
      // JupyterLab's own packages import their icons as text
      name: "svg",
      enforce: "pre",
      async load(id) {
        const [file] = id.split("?");
        if (!file.endsWith(".svg")) return;
        return `export default ${JSON.stringify(await readFile(file, "utf8"))};`;
      },
    },
  ],
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.ts"],
    server: { deps: { inline: [/@jupyterlab\//, /@jupyter\//, /@codemirror\//, /@lezer\//] } },
  },
});
