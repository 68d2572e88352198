// The types the page is built on are those the server says it speaks.

import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
// @ts-expect-error a script without types
import { DOCUMENT, generate, WIRE } from "../../tools/wire.mjs";

it.skipIf(!existsSync(DOCUMENT))("wire.ts is what the OpenAPI document makes of it", () => {
  expect(readFileSync(WIRE, "utf8")).toBe(generate(JSON.parse(readFileSync(DOCUMENT, "utf8"))));
});

it.each([
  [{ type: "object", required: ["a"], properties: { a: { type: "string" }, b: { type: ["integer", "null"] } } }, "export interface T {\n  a: string;\n  b?: number | null;\n}"],
  [{ type: "string", enum: ["x", "y"] }, 'export type T = "x" | "y";'],
  [{ type: "array", items: { oneOf: [{ type: "null" }, { $ref: "#/components/schemas/U" }] } }, "export type T = Array<U | null>;"],
  [{ type: "object", additionalProperties: { type: "boolean" } }, "export type T = Record<string, boolean>;"],
])("makes a type of a schema", (schema, expected) => {
  expect(generate({ components: { schemas: { T: schema } } })).toContain(expected);
});
