import { readdirSync } from "node:fs";

import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const features = readdirSync(new URL("./src/features", import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const noDeepRelative = {
  group: ["../../*"],
  message: "Use the @/ alias: a relative path may not climb out of its own folder.",
};
const noPackageDoor = {
  group: ["*/index", "**/index.ts"],
  message: "No barrel files: import the module that holds the thing.",
};

/** One fence per feature folder, made from the folders that exist: a new feature is fenced the day it is made. */
const fences = features.map((feature) => ({
  files: [`src/features/${feature}/**/*.{ts,tsx}`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          noDeepRelative,
          noPackageDoor,
          { group: ["@/app/*"], message: "Features do not import the app that composes them." },
          {
            group: features.filter((other) => other !== feature).map((other) => `@/features/${other}/**`),
            message: "Features do not import features; routes compose them.",
          },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/schema/api.d.ts", ".shots"] },
  ...tseslint.configs.strict,
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "max-lines": ["warn", { max: 300, skipBlankLines: true, skipComments: true }],
      // TanStack Virtual's hook returns functions by design; the compiler this rule serves is not used here.
      "react-hooks/incompatible-library": "off",
    },
  },
  {
    files: ["src/{lib,components,config,schema}/**/*.{ts,tsx}"],
    ignores: ["**/*.test.{ts,tsx}"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            noDeepRelative,
            noPackageDoor,
            { group: ["@/features/**", "@/app/**", "@/testing/**"], message: "Shared code knows no feature." },
          ],
        },
      ],
    },
  },
  ...fences,
);
