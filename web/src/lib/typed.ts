// Times as they are typed and shown in the fields of a form: in 24 hours, by this machine's zone.

import { time } from "./time.svelte";
import { timeOf } from "./times";

/** As a field of the page has it: 2026-11-26 09:10, by this machine's zone. */
export function typedTime(at: number | null | undefined): string {
  if (at == null) return "";
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16).replace("T", " ");
}

/** What was typed there: a day and a time, a day alone, a time of today, or one that moves along. Null where it is none of them. */
export function readTime(typed: string): number | null {
  const text = typed.trim().toLowerCase();
  const clock = /^(\d{1,2}):(\d{2})$/.exec(text);
  const date = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ t]+(\d{1,2}):(\d{2}))?$/.exec(text);
  if (!clock && !date) return /^[a-z]+$|^\d+[mhd]$/.test(text) ? timeOf(text) : null;
  const today = new Date(time.midnight);
  const [year, month, day] = date ? [Number(date[1]), Number(date[2]) - 1, Number(date[3])] : [today.getFullYear(), today.getMonth(), today.getDate()];
  const [hour, minute] = (clock ? clock.slice(1) : [date![4] ?? 0, date![5] ?? 0]).map(Number) as [number, number];
  const at = new Date(year, month, day, hour, minute);
  // The 31st of June is no day, though a calendar makes one of it.
  return hour < 24 && minute < 60 && at.getMonth() === month && at.getDate() === day ? at.getTime() : null;
}

/** Europe/Berlin, UTC+1. */
export function zoneWords(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const minutes = -new Date(time.minute).getTimezoneOffset();
  const [sign, size] = [minutes < 0 ? "−" : "+", Math.abs(minutes)];
  const offset = size === 0 ? "UTC" : `UTC${sign}${Math.floor(size / 60)}${size % 60 ? `:${String(size % 60).padStart(2, "0")}` : ""}`;
  return timeZone === "UTC" ? "UTC" : `${timeZone} (${offset})`;
}
