// No word of a screen stands outside the catalogue, and nothing of the catalogue is missing or useless. Read from the syntax of
// the sources, so that a word that slips into a tag, an attribute or a string is found wherever it stands.

import { readdirSync, readFileSync } from "node:fs";
import { parse } from "svelte/compiler";
import { describe, expect, it } from "vitest";
import { FIELDS } from "../feed";
import { ACTORS, DEVICES, GRADES } from "../lib/address";
import flavors from "./de/flavors";

const ROOT = new URL("..", import.meta.url).pathname;
/** The catalogue itself, tests, and words that are only read: the names of columns in many languages. */
const OWN = /\.test\.ts$|^words\/(en|de)\/|^feed\/(sim|wire)|^lib\/columns\./;
const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((name) => /\.(ts|svelte)$/.test(name) && !OWN.test(name));

interface Node {
  type: string;
  start: number;
  parent?: Node;
  key?: string;
  [field: string]: unknown;
}
interface Source {
  name: string;
  text: string;
  all: Node[];
}

/** Every node of a source, each knowing what it stands in. */
function read(name: string): Source {
  const raw = readFileSync(ROOT + name, "utf8");
  const text = name.endsWith(".svelte") ? raw : `<script lang="ts">\n${raw.replaceAll("</script>", "")}</script>`;
  const { fragment, instance, module } = parse(text, { modern: true }) as unknown as Record<string, Node | null>;
  const all: Node[] = [];
  const walk = (at: unknown, parent: Node | undefined, key: string): void => {
    if (Array.isArray(at)) return at.forEach((one) => walk(one, parent, key));
    if (!at || typeof (at as Node).type !== "string") return;
    const node = { ...(at as Node), parent, key } as Node;
    all.push(node);
    for (const [field, value] of Object.entries(at)) if (typeof value === "object" && !["metadata", "loc", "name_loc", "parent"].includes(field)) walk(value, node, field);
  };
  for (const part of [module, instance, fragment]) walk(part, undefined, "");
  return { name, text, all };
}
const sources = files.map(read);

/** Names of people's things are letters; a sign, a space or a number needs no words. */
const WORDY = /\p{L}{2}/u;
/** Attributes that people are shown or told. */
const SHOWN = /^(title|alt|placeholder|label|text|words|cancelLabel|aria-(label|description|valuetext|roledescription|placeholder))$/;
/** What reads like words: two of them, or one that begins as a sentence does. */
const SENTENCE = /\p{L}{2,}[,.:]? +\p{L}{2,}|^\s*\p{Lu}\p{Ll}+\b/u;
/** Calls whose strings name things of the browser. */
const NAMES = /(querySelector(All)?|closest|matches|getItem|setItem|removeItem|addEventListener|removeEventListener|matchMedia|MediaQuery|getElementById|getPropertyValue|RegExp|test|startsWith|endsWith|includes|Symbol|split|replace|getContext)$/;
/** Strings that read like words and are shown to nobody: keys of a keyboard and of storage, formats, styles, names that are kept. */
const ALLOWED = new Set([
  // Keys of the keyboard, as browsers name them.
  ..."ArrowDown ArrowUp ArrowLeft ArrowRight PageDown PageUp Home End Enter Escape Space Tab PgUp PgDn AltEnter AltClick ShiftF10".split(" "),
  // What is kept in this browser.
  "signed in", "single-key shortcuts", "reloaded for a file", "left ",
  // Where letters are text, for the keys of a page.
  "input, textarea, select, [contenteditable], dialog, .panel, [role=menu]",
  // What a browser, the server or a terminal reads.
  "Sent by hand", "Bearer ", "  -H 'Authorization: Bearer ", "  -H 'Content-Type: application/json'", "YOUR_INGEST_KEY", "curl ", "UTC", "td_",
]);

const where = ({ name, text }: Source, node: Node): string => `${name}:${text.slice(0, node.start).split("\n").length - (name.endsWith(".ts") ? 1 : 0)}`;
const callee = (node: Node | undefined): string => {
  const to = node?.callee as Node | undefined;
  return String((to?.property as Node | undefined)?.name ?? to?.name ?? "");
};
function inNames(node: Node): boolean {
  for (let at: Node | undefined = node; at?.parent; at = at.parent) {
    if (/^(Import|ExportNamed|ExportAll|TSLiteral|TSType|TSInterface|StyleSheet|RegExp)/.test(at.parent.type)) return true;
    if (at.key === "arguments" && NAMES.test(callee(at.parent))) return true;
    if (at.parent.type === "BinaryExpression" || (at.parent.type === "SwitchCase" && at.key === "test")) return true;
    if (at.key === "key" && at.parent.type === "Property") return true;
    if (at.parent.type === "StyleDirective" || at.parent.type === "ClassDirective") return true;
    if (at.parent.type === "Attribute" && /^(kind|class|align)$/.test(String(at.parent.name))) return true;
    if (at.parent.type === "Attribute" && !SHOWN.test(String(at.parent.name)) && at.parent.parent?.type !== "Component") return true;
  }
  return false;
}

describe("words", () => {
  it("stand in no tag and no attribute", () => {
    const found = sources.flatMap((source) =>
      source.all
        .filter((node) => node.type === "Text" && WORDY.test(String(node.data)) && !ALLOWED.has(String(node.data)))
        .filter(({ parent }) => (parent?.type === "Attribute" ? SHOWN.test(String(parent.name)) : parent?.type !== "StyleDirective"))
        .map((node) => `${where(source, node)} ${JSON.stringify(node.data)}`),
    );
    expect(found).toEqual([]);
  });

  it("stand in no string that could be shown", () => {
    const found = sources.flatMap((source) =>
      source.all.flatMap((node) => {
        const text = node.type === "TemplateElement" ? String((node.value as { cooked: string }).cooked) : node.type === "Literal" && typeof node.value === "string" ? node.value : "";
        return SENTENCE.test(text) && !ALLOWED.has(text) && !inNames(node) ? [`${where(source, node)} ${JSON.stringify(text)}`] : [];
      }),
    );
    expect(found).toEqual([]);
  });

  it("are formed by Intl in one place, and by no fixed language", () => {
    const found = sources.flatMap((source) =>
      source.all.flatMap((node) => {
        if (source.name === "words/language.svelte.ts" || source.name === "words/form.svelte.ts" || source.name === "words/wall.ts") return [];
        const made = node.type === "NewExpression" && ((node.callee as Node).object as Node | undefined)?.name === "Intl";
        const local = node.type === "CallExpression" && /^toLocale(Date|Time)?String$/.test(callee(node));
        const fixed = node.type === "Literal" && /^(en|de)(-[A-Z]{2})?$/.test(String(node.value));
        return made || local || fixed ? [where(source, node)] : [];
      }),
    );
    expect(found).toEqual([]);
  });
});

type Sheet = Record<string, string | Record<string, string>>;
const here = readdirSync(`${ROOT}words/en`).map((name) => name.replace(".ts", ""));
const sheets = await Promise.all(
  here.filter((name) => name !== "flavors").map(async (name) => {
    const [en, de] = (await Promise.all([import(`./en/${name}.ts`), import(`./de/${name}.ts`)])) as { default: Sheet }[];
    return { name, en: en!.default, de: de!.default };
  }),
);
/** Each message by its name, those of tables as table.value. */
const messages = (sheet: Sheet): [string, string][] => Object.entries(sheet).flatMap(([key, text]) => (typeof text === "string" ? [[key, text] as [string, string]] : Object.entries(text).map(([value, one]): [string, string] => [`${key}.${value}`, one])));

/** What the sources take from a sheet by name, and whether one of them takes by a value that is only known when it runs. */
function taken(sheet: string): { names: Set<string>; computed: boolean } {
  const names = new Set<string>();
  let computed = false;
  for (const { name, all: nodes } of sources) {
    const aliases = nodes
      .filter((node) => node.type === "ImportDeclaration" && new RegExp(`(words|\\.)/${sheet}$`).test(String((node.source as Node).value)))
      .flatMap((node) => node.specifiers as Node[])
      .filter((one) => (one.imported as Node | undefined)?.name === "t")
      .map((one) => (one.local as Node).name);
    if (name === `words/${sheet}.ts`) aliases.push("t");
    // `rules` is read late, as a whole.
    const whole = sheet === "rules" ? ["rules"] : [];
    for (const node of nodes) {
      if (node.type !== "MemberExpression") continue;
      const [object, property] = [node.object as Node, node.property as Node];
      const ours = aliases.includes(object.name) || (object.type === "MemberExpression" && whole.includes(String((object.object as Node).name)) && (object.property as Node).name === "t");
      if (!ours) continue;
      if (node.computed) computed = true;
      else names.add(String(property.name));
    }
  }
  return { names, computed };
}
const literals = new Set(sources.flatMap(({ all: nodes }) => nodes.flatMap((node) => (node.type === "Literal" && typeof node.value === "string" ? [node.value] : []))));

const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)/g)].map(([, name]) => name!);
const tags = (text: string): string[] => [...text.matchAll(/<(\w+)>/g)].map(([, name]) => name!);
const unique = (all: string[]): string[] => [...new Set(all)].sort();

describe.each(sheets)("the words of $name", ({ name, en, de }) => {
  it("are all there in both languages, and say the same things", () => {
    expect(messages(de).map(([key]) => key).sort()).toEqual(messages(en).map(([key]) => key).sort());
    const other = new Map(messages(de));
    for (const [key, text] of messages(en)) {
      expect(unique(holes(other.get(key)!)), key).toEqual(unique(holes(text)));
      expect(tags(other.get(key)!).sort(), key).toEqual(tags(text).sort());
    }
  });

  it("are all used, and none is asked for that is not there", () => {
    const { names, computed } = taken(name);
    const known = Object.keys(en);
    expect([...names].filter((key) => !known.includes(key))).toEqual([]);
    expect(known.filter((key) => !names.has(key) && !(computed && literals.has(key)))).toEqual([]);
  });

  it("have the forms that their language has, and its quotes", () => {
    for (const [tag, sheet] of [["en", en], ["de", de]] as const) {
      const forms = new Intl.PluralRules(tag).resolvedOptions().pluralCategories.length;
      for (const [key, text] of messages(sheet)) {
        for (const [, given] of text.matchAll(/\{\w+\|([^}]*)\}/g)) expect(given!.split("|"), key).toHaveLength(forms);
        expect(/["\s]$|^\s|  /.test(text.replace(/\n+/g, " ")), `${tag} ${key}: ${text}`).toBe(false);
        expect(text, key).not.toMatch(tag === "de" ? /“[^„“]*”|\bdu\b|\bdein/i : /[„»«]/);
        expect((text.match(/„/g) ?? []).length, key).toBe(tag === "de" ? (text.match(/“/g) ?? []).length : 0);
      }
    }
  });
});

describe("tables", () => {
  const page = sheets.find(({ name }) => name === "page")!.en as Record<string, Record<string, string>>;
  it("know every value of the data", () => {
    expect(Object.keys(page.devices!).sort()).toEqual([...DEVICES].sort());
    expect(Object.keys(page.actors!).sort()).toEqual([...ACTORS].sort());
    expect(Object.keys(page.grades!).sort()).toEqual([...GRADES].sort());
    expect(Object.keys(page.gradesNot!)).toEqual(Object.keys(page.grades!));
    expect(Object.keys(page.fields!).sort()).toEqual([...FIELDS].filter((field) => field !== "event").sort());
    expect(Object.keys(page.fieldsMany!)).toEqual(Object.keys(page.fields!));
  });

  it("know the flavors that every workspace has, by the labels that the server gives them", () => {
    const rust = readFileSync(`${ROOT}../../src/domain/flavor.rs`, "utf8");
    const seeded = Object.fromEntries([...rust.matchAll(/standard\("([\w.]+)", "([^"]+)"/g)].map(([, key, label]) => [key!, label!]));
    expect(Object.keys(seeded).length).toBeGreaterThan(10);
    expect(flavors.standard).toEqual(seeded);
    expect(Object.keys(flavors.names).sort()).toEqual(Object.keys(seeded).sort());
  });
});
