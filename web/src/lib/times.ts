// Times as the address and the page's own fields give them: a moment, or one that moves along, such as an hour ago or today.

import { t } from "../words/page";
import { say } from "../words/say";
import { time } from "./time.svelte";

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const AGO = /^([1-9]\d{0,3})([mhd])$/;

export const dayBack = (days: number): number => new Date(time.midnight).setDate(new Date(time.midnight).getDate() - days);

/** The moment that this means now, in milliseconds; null where it means none. */
export function timeOf(text: string | null): number | null {
  if (text === null) return null;
  if (text === "today") return time.midnight;
  if (text === "yesterday") return dayBack(1);
  const ago = AGO.exec(text);
  if (ago) return time.minute - Number(ago[1]) * UNITS[ago[2]!]!;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/** "Last hour", "Last 7 days"; null for what is no such time. */
export function agoWords(text: string | null): string | null {
  const ago = AGO.exec(text ?? "");
  if (!ago) return null;
  return say(t.lastTime[ago[2] as keyof typeof t.lastTime], { count: Number(ago[1]) });
}
