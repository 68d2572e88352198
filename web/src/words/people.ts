// The words of members and of one's own account.

import en from "./en/people";
import { Problem } from "../lib/api";
import { words } from "./language.svelte";
import { told as others } from "./problems";
import { of } from "./say";

export const t = words(en, { de: () => import("./de/people") });

/** A failure as a sentence: of what people say of themselves, its first fault. */
export function told(error: unknown): string {
  if (!(error instanceof Problem)) return others(error);
  return of(t.faults, error.code) ?? of(t.faults, error.faults[0]?.code ?? "") ?? others(error);
}
