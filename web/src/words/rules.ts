// The rules of the filter in words. They are read when one is broken.

import en from "./en/rules";
import { words } from "./language.svelte";
import { type Holes, say } from "./say";

type Rules = typeof en;
/** A rule that is broken, and what its sentence has to be told. */
export type Rule = { [K in keyof Rules]: { rule: K } & Holes<Rules[K]> }[keyof Rules];

export const t = words(en, { de: () => import("./de/rules") });

export const ruleWords = (broken: Rule): string => say<string>(t[broken.rule], broken as unknown as Record<string, string | number>);
