// What went wrong, in words that say what to do.

import { Problem } from "../lib/api";
import en from "./en/problems";
import { words } from "./language.svelte";
import { of } from "./say";

export const t = words(en, { de: () => import("./de/problems") });

/** A failure as a sentence. */
export function told(error: unknown): string {
  if (error instanceof Problem) return of(t.codes, error.code) ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
