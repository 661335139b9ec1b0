// What both front ends have in common: how esbuild makes them, once or on every change.

import { context } from "esbuild";

export const watch = process.argv.includes("--watch");

/** Build what `options` say; with `--watch` again and again, and readable. */
export async function build(options) {
  const made = await context({
    bundle: true,
    format: "esm",
    charset: "utf8",
    legalComments: "none",
    minify: !watch,
    sourcemap: watch && "inline",
    target: ["es2022", "chrome111", "firefox114", "safari16.4"],
    logLevel: "warning",
    ...options,
  });
  if (watch) {
    await made.watch();
    return;
  }
  try {
    await made.rebuild();
  } catch {
    process.exitCode = 1; // esbuild has said why
  }
  await made.dispose();
}
