// Wire types from the OpenAPI document: `node tools/wire.mjs` writes
// src/feed/wire.ts; a test regenerates and compares, so drift fails.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const DOCUMENT = new URL("../../src/api/snapshots/openapi.json", import.meta.url);
export const WIRE = new URL("../src/feed/wire.ts", import.meta.url);

const HEAD = `// Made from the OpenAPI document by tools/wire.mjs; not to be edited by hand.
`;

/** The TypeScript of all component schemas of an OpenAPI 3.1 document. */
export function generate(document) {
  const schemas = document.components?.schemas ?? {};
  const parts = Object.keys(schemas)
    .sort()
    .map((name) => declaration(name, schemas[name]));
  return `${HEAD}\n${parts.join("\n\n")}\n`;
}

function declaration(name, schema) {
  const doc = comment(schema.description, "");
  if (schema.type === "object" && schema.properties) return `${doc}export interface ${typeName(name)} ${object(schema, "")}`;
  return `${doc}export type ${typeName(name)} = ${type(schema, "")};`;
}

function object(schema, indent) {
  const inner = `${indent}  `;
  const required = new Set(schema.required ?? []);
  const lines = Object.keys(schema.properties).map((key) => {
    const value = schema.properties[key];
    const optional = required.has(key) ? "" : "?";
    return `${comment(describe(value), inner)}${inner}${field(key)}${optional}: ${type(value, inner)};`;
  });
  return `{\n${lines.join("\n")}\n${indent}}`;
}

function type(schema, indent) {
  if (schema === true || Object.keys(schema).every((key) => key === "description")) return "unknown";
  if (schema.$ref) return typeName(schema.$ref.split("/").pop());
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const either = schema.oneOf ?? schema.anyOf;
  if (either) return union(either.map((one) => type(one, indent)));
  if (schema.allOf) return schema.allOf.map((one) => type(one, indent)).join(" & ");
  if (Array.isArray(schema.type)) return union(schema.type.map((one) => type({ ...schema, type: one }, indent)));
  switch (schema.type) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array": {
      const item = type(schema.items ?? true, indent);
      return /[|&{]/.test(item) ? `Array<${item}>` : `${item}[]`;
    }
    case "object":
      if (schema.properties) return object(schema, indent);
      return `Record<string, ${schema.additionalProperties ? type(schema.additionalProperties, indent) : "unknown"}>`;
    default:
      throw new Error(`a schema that is not understood: ${JSON.stringify(schema)}`);
  }
}

/** Null last: what is there reads first. */
function union(types) {
  const all = [...new Set(types)];
  return [...all.filter((one) => one !== "null"), ...all.filter((one) => one === "null")].join(" | ");
}

const describe = (schema) =>
  schema.description ?? (schema.oneOf ?? schema.anyOf)?.map((one) => one.description).find(Boolean);
const comment = (text, indent) => (text ? `${indent}/** ${text.replaceAll("*/", "* /").replace(/\s*\n\s*/g, " ")} */\n` : "");
const field = (key) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));
const typeName = (name) => {
  const plain = name.replace(/[^\w]/g, "_");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(WIRE, generate(JSON.parse(readFileSync(DOCUMENT, "utf8"))));
}
