import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const TYPESCRIPT = ["*/src/**/*.ts", "*/test/**/*.ts"];

export default defineConfig(
  // a guest has names of its own
  { ignores: ["labextension/lib", "labextension/src/skeletons/*.js"] },
  js.configs.recommended,
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: { globals: { console: "readonly", process: "readonly" } },
  },
  {
    files: ["interpreters/*/src/**/*.js"],
    languageOptions: { globals: { performance: "readonly", queueMicrotask: "readonly" } },
  },
  {
    files: TYPESCRIPT,
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // what the kernel sends has no types, and is checked where it comes in
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property,
          message: "Texts of models and users are set as text.",
        })),
      ],
    },
  },
  {
    // tokens and their interfaces, and commands and their identifiers, share a name in JupyterLab
    files: ["labextension/src/**/*.ts"],
    rules: {
      "@typescript-eslint/no-namespace": "off",
      "@typescript-eslint/no-redeclare": "off",
      // a signal calls a method with the object that it was connected with
      "@typescript-eslint/unbound-method": "off",
    },
  },
);
