// Rules that neither the compiler nor Prettier checks. Run by `npm run check`.
import { defineConfig, globalIgnores } from "eslint/config";
import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import tseslint from "typescript-eslint";

import svelteConfig from "./svelte.config.js";

export default defineConfig(
  // Generated from the Rust types.
  globalIgnores(["dist/", "served/", "src/backend/api.ts"]),
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js", "svelte.config.js"] },
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: [".svelte"],
      },
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: tseslint.parser, svelteConfig } },
  },
  {
    rules: {
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Numbers and dates go through src/words. Without a locale, WebKit separates no thousands.
      "no-restricted-properties": [
        "error",
        ...["toLocaleString", "toLocaleDateString", "toLocaleTimeString"].map((property) => ({
          property,
          message: "Use the functions of src/words/numbers.ts and src/words/time.ts.",
        })),
      ],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-console": "error",
      "svelte/no-useless-mustaches": ["error", { ignoreStringEscape: true }],
      // A `.svelte.ts` file also has collections that nothing on screen depends on.
      "svelte/prefer-svelte-reactivity": "off",
      // What agents print is searched for control characters.
      "no-control-regex": "off",
    },
  },
  {
    // Copied as they are, without types.
    files: ["public/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: { ...globals.serviceworker, ...globals.browser },
      parserOptions: { projectService: false },
    },
  },
  {
    // Only svelte-check knows the types of components; here they are all `any`.
    files: ["**/*.svelte"],
    rules: {
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    // Pages reach the engine and the desktop only through src/backend.
    files: ["src/**"],
    ignores: ["src/backend/**"],
    rules: {
      "no-restricted-globals": ["error", "fetch", "EventSource", "WebSocket", "XMLHttpRequest"],
      "no-restricted-imports": ["error", { patterns: ["@tauri-apps/*"] }],
    },
  },
  {
    files: ["src/**/*.test.ts", "tests/**"],
    rules: {
      // Stand-ins have the signatures of what they replace.
      "@typescript-eslint/require-await": "off",
      // The JSON of fixtures.
      "@typescript-eslint/no-unsafe-assignment": "off",
    },
  },
  {
    files: ["src/words/**"],
    rules: { "no-restricted-properties": "off" },
  },
  {
    files: ["scripts/**"],
    languageOptions: { globals: { ...globals.node } },
    extends: [tseslint.configs.disableTypeChecked],
    rules: { "no-console": "off" },
  },
);
