// The types the page is built on are those the server says it speaks.

import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
// @ts-expect-error a script without types
import { DOCUMENT, generate, WIRE } from "../../tools/wire.mjs";

it.skipIf(!existsSync(DOCUMENT))("wire.ts is what the OpenAPI document makes of it", async () => {
  expect(readFileSync(WIRE, "utf8")).toBe(await generate(JSON.parse(readFileSync(DOCUMENT, "utf8"))));
});
