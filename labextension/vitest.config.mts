import { readFile } from "node:fs/promises";
import path from "node:path";
import { defineConfig } from "vitest/config";

const WEB_COMPONENTS = /^@jupyter\/(react|web)-components$/;

export default defineConfig({
  resolve: {
    alias: { "@frontend": path.resolve(import.meta.dirname, "../frontend/src") },
  },
  plugins: [
    {
      // JupyterLab's web components ask for more of CSS than happy-dom has; we use none of them
      name: "web-components",
      enforce: "pre",
      resolveId: (name) => (WEB_COMPONENTS.test(name) ? "\0web-components" : undefined),
      load: (id) => (id === "\0web-components" ? "export {};" : undefined),
    },
    {
      // JupyterLab's own packages import their icons as text
      name: "svg",
      enforce: "pre",
      async load(id) {
        if (!id.endsWith(".svg")) return;
        return `const WEB_COMPONENTS = /^@jupyter\/(react|web)-components$/;

export default ${JSON.stringify(await readFile(id, "utf8"))};`;
      },
    },
  ],
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.ts"],
    server: { deps: { inline: [/@jupyterlab\//, /@jupyter\//, /@codemirror\//, /@lezer\//] } },
  },
});
