// How a message of the catalogue is written, and how it becomes a sentence. A message is plain text with holes, `{name}`;
// `{count|activity|activities}` stands for the form that the language has for that number, in which # is the number itself;
// and `<link>words</link>` marks what a screen makes a link or a button of, wherever the language has it in the sentence.

import { form } from "./form.svelte";

/** Messages by name, and tables of messages by a value of the data. */
export interface Words {
  readonly [name: string]: string | { readonly [value: string]: string };
}

/** The same names with the texts of another language. */
export type Texts<T> = { readonly [K in keyof T]: T[K] extends string ? string : { readonly [V in keyof T[K]]: string } };

type Hole<H extends string> = H extends `${infer Name}|${string}` ? { readonly [N in Name]: number } : { readonly [N in H]: string | number };
/** What a message has to be told. */
export type Holes<S extends string> = string extends S ? Record<string, string | number> : S extends `${string}{${infer H}}${infer Rest}` ? Hole<H> & Holes<Rest> : unknown;

const HOLE = /\{(\w+)(?:\|([^}]*))?\}/g;

export function say<S extends string>(message: S, holes: Holes<S>): string {
  const told = holes as Record<string, string | number>;
  return message.replace(HOLE, (_, name: string, forms: string | undefined) => {
    const value = told[name]!;
    if (forms === undefined) return typeof value === "number" ? form().number(value) : value;
    return forms.split("|")[form().plural(value as number)]!.replace("#", () => form().number(value as number));
  });
}

/** A piece of a sentence; with `tag` it is what a screen makes a link or a button of. */
export interface Piece {
  tag: string | null;
  text: string;
}

/** The sentence in pieces. What is filled into a hole never becomes a tag. */
export function pieces(message: string, holes: Record<string, string | number>): Piece[] {
  const parts = message.split(/<(\w+)>(.*?)<\/\1>/g);
  return parts.flatMap((text, i) => {
    if (i % 3 === 1) return [];
    return text || i % 3 === 2 ? [{ tag: i % 3 === 2 ? parts[i - 1]! : null, text: say(text, holes) }] : [];
  });
}

/** What a table says of a value, if it knows it. */
export const of = (table: { readonly [value: string]: string }, value: string): string | undefined => table[value];
