// Makes wasinn_nb/guest/languages/javascript.wasm: QuickJS with the sources beside this file.
import { cp, mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { URL, fileURLToPath } from "node:url";

import { componentize } from "componentize-qjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const product = join(here, "../../wasinn_nb");
const wit = await mkdtemp(join(tmpdir(), "wasinn-wit-"));
try {
  const packages = { nn: "wasi-nn-0.2.0-rc-2024-10-28", llm: "wasinn-llm" };
  await cp(join(product, "wit/wasinn-script.wit"), join(wit, "script.wit"));
  for (const [folder, name] of Object.entries(packages)) {
    await mkdir(join(wit, "deps", folder), { recursive: true });
    await cp(join(product, `wit/${name}.wit`), join(wit, "deps", folder, `${name}.wit`));
  }
  await mkdir(join(wit, "deps/random"));
  await writeFile(
    join(wit, "deps/random/random.wit"),
    "package wasi:random@0.2.0;\ninterface random { get-random-bytes: func(len: u64) -> list<u8>; }\n",
  );
  const { component } = await componentize({
    witPath: wit,
    world: "async-script",
    jsSource: await readFile(join(here, "src/main.js"), "utf8"),
    jsPath: join(here, "src/main.js"),
    moduleRoot: join(here, "src"),
  });
  await writeFile(join(product, "guest/languages/javascript.wasm"), component);
} finally {
  await rm(wit, { recursive: true });
}
