// Wire types from the OpenAPI document: `node tools/wire.mjs` writes
// src/feed/wire.ts; a test makes them anew and compares, so drift fails.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapi, { astToString } from "openapi-typescript";

export const DOCUMENT = new URL("../../src/api/snapshots/openapi.json", import.meta.url);
export const WIRE = new URL("../src/feed/wire.ts", import.meta.url);

const HEAD = `// Made from the OpenAPI document by tools/wire.mjs; not to be edited by hand.
`;

/** The TypeScript of the schemas of an OpenAPI 3.1 document, each by its name; its routes are not needed yet. */
export async function generate(document) {
  const nodes = await openapi({ ...document, paths: {} }, { alphabetize: true, rootTypes: true, rootTypesNoSchemaPrefix: true });
  return `${HEAD}\n${astToString(nodes)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(WIRE, await generate(JSON.parse(readFileSync(DOCUMENT, "utf8"))));
}
