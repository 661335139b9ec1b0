// Bundles every widget into one ES module and one style sheet, which the wheel carries, and what
// loads them.
// `--watch` rebuilds on every change and leaves the code readable.

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "../esbuild.mjs";

const WIDGETS = ["stream", "progress", "config", "panel"];
const HERE = import.meta.dirname;
const OUT = path.resolve(HERE, "../wasinn_nb/notebook/widgets/static");

/** Replace a file at once and only if it changed: a kernel may be reading it. */
async function save(file) {
  const before = await readFile(file.path).catch(() => undefined);
  if (before?.equals(file.contents)) return;
  const scratch = `${file.path}.${process.pid}.tmp`;
  await writeFile(scratch, file.contents);
  await rename(scratch, file.path);
}

const output = {
  name: "output",
  setup(build) {
    build.onEnd(async ({ errors, outputFiles = [] }) => {
      if (errors.length > 0) return;
      await Promise.all(outputFiles.map(save));
      const sizes = outputFiles
        .filter(({ path: name }) => /\.(js|css)$/.test(name))
        .map(({ path: name, contents }) => [path.relative(OUT, name), contents.length])
        .sort()
        .map(([name, bytes]) => `${name} ${(bytes / 1000).toFixed(1)} kB`);
      console.log(`front end: ${sizes.join(", ")}`);
    });
  },
};

await mkdir(OUT, { recursive: true });
await build({
  absWorkingDir: HERE,
  entryPoints: [
    "src/loader.ts",
    ...WIDGETS.flatMap((widget) => [`src/${widget}.ts`, `src/${widget}.css`]),
  ],
  outdir: OUT,
  write: false,
  plugins: [output],
});
