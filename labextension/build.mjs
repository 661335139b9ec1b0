// Bundles our own code, the widgets' that it shares and the style sheets into `lib/`, for
// `jupyter-builder` to wrap. What comes from packages is left to that: it knows which of them
// JupyterLab shares, and collects the licences of the others.
// `--watch` wraps anew on every change and leaves the code readable.

import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { context } from "esbuild";

const HERE = import.meta.dirname;
const OUT = path.join(HERE, "lib");
const watch = process.argv.includes("--watch");

/** `import text from "./file?raw"`, as Vite has it. */
const raw = {
  name: "raw",
  setup(build) {
    build.onResolve({ filter: /\?raw$/ }, async ({ path: name, ...how }) => {
      const { kind, importer, resolveDir } = how;
      const found = await build.resolve(name.slice(0, -4), { kind, importer, resolveDir });
      return found.errors.length > 0 ? found : { path: found.path, namespace: "raw" };
    });
    build.onLoad({ filter: /./, namespace: "raw" }, async ({ path: name }) => ({
      contents: shipped(name, await readFile(name, "utf8")),
      loader: "text",
      watchFiles: [name],
    }));
  },
};

/** A file as it ships: a notebook without what its cells have once printed. */
function shipped(name, text) {
  if (!name.endsWith(".ipynb")) return text;
  return JSON.stringify(JSON.parse(text), (key, value) => {
    if (key === "outputs") return [];
    return key === "execution_count" ? null : value;
  });
}

const wrap = {
  name: "wrap",
  setup(build) {
    build.onEnd(async ({ errors }) => {
      if (errors.length > 0) return;
      const command = ["build", "--development=True", HERE];
      try {
        await promisify(execFile)("jupyter-builder", command);
        console.log("JupyterLab extension: built; reload the page");
      } catch ({ stdout, stderr }) {
        console.error(`${stdout}${stderr}`);
      }
    });
  },
};

await rm(OUT, { recursive: true, force: true });
const build = await context({
  absWorkingDir: HERE,
  entryPoints: { index: "src/index.ts", style: "style/index.css" },
  outdir: OUT,
  bundle: true,
  splitting: true,
  packages: "external",
  format: "esm",
  charset: "utf8",
  legalComments: "none",
  minify: !watch,
  sourcemap: watch && "inline",
  target: ["es2022", "chrome111", "firefox114", "safari16.4"],
  logLevel: "warning",
  plugins: watch ? [raw, wrap] : [raw],
});
if (watch) {
  await build.watch();
} else {
  try {
    await build.rebuild();
  } catch {
    process.exitCode = 1; // esbuild has said why
  }
  await build.dispose();
}
