import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["**/dist/", "**/node_modules/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "no-restricted-syntax": ["error", { selector: "ExportDefaultDeclaration", message: "export by name" }],
      // A number in a text needs no String().
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowNullish: true, allowBoolean: true }],
      // Returning a call that returns nothing ends a switch branch in one line.
      "@typescript-eslint/no-confusing-void-expression": "off",
      // Event maps name the payload of an event without one.
      "@typescript-eslint/no-invalid-void-type": "off",
    },
  },
  {
    files: ["**/test/**/*.ts", "**/*.config.ts"],
    rules: {
      // Tests call listeners and fakes without types of their own; config files export by default as their tools ask.
      "@typescript-eslint/explicit-module-boundary-types": "off",
      "no-restricted-syntax": "off",
    },
  },
);
