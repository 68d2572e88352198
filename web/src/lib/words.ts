// What the page says, in plain words: times, numbers, labels.

import { form, type Unit } from "../words/form.svelte";
import { t } from "../words/page";
import { say } from "../words/say";
import { time } from "./time.svelte";

export const n = (value: number): string => form().number(value);
/** A number for a place without room: 12.3K from ten thousand on. */
export const brief = (value: number): string => (value < 10_000 ? n(value) : form().brief(value));
/** A number that is the least there are, where not all was counted. */
export const least = (value: number, whole: boolean): string => (whole ? n(value) : say(t.atLeast, { count: value }));

/** As a sentence begins. */
export const sentence = (text: string): string => text.charAt(0).toLocaleUpperCase() + text.slice(1);

type Time = string | number;
const ms = (at: Time): number => (typeof at === "number" ? at : Date.parse(at));
export const clock = (at: Time): string => form().clock(ms(at));
/** 09:14, on whichever day. */
export const minute = (at: Time): string => form().minute(ms(at));
export const full = (at: Time): string => form().full(ms(at));
export const thisYear = (at: Time): boolean => ms(at) >= time.newYear && ms(at) < time.nextYear;
/** 3 May; 3 May 2025 in another year than this one. */
export const day = (at: Time): string => (thisYear(at) ? form().day : form().year)(ms(at));
export const today = (at: Time): boolean => ms(at) >= time.midnight && ms(at) < time.tomorrow;
/** 09:14 today, 3 May 09:14 on another day. */
export const short = (at: Time): string => (today(at) ? minute(at) : `${day(at)} ${minute(at)}`);

/** A row's time in two parts: the day, where it is not today, and the time of day. */
export const rowDay = (at: string): string => (today(at) ? "" : day(at));
export const rowClock = (at: string): string => (today(at) ? clock : minute)(at);
/** 09:14:03 today, 3 May 09:14 on another day. */
export const rowTime = (at: string): string => `${rowDay(at)} ${rowClock(at)}`.trim();

const DAY_MS = 86_400_000;

/** 12 sec ago, 4 min ago, 3 days ago: one unit, that of which there is at least one. */
export function ago(ms: number): string {
  const [count, unit] = unitsOf(ms - (ms % 1_000) || 1_000)[0]!;
  return form().ago(ms < 1_000 ? 0 : count, unit);
}

/** How long: 36 ms, 12 sec, 3 min 20 sec, 4 hr 10 min, 2 days 3 hr. */
export const span = (ms: number): string => unitsOf(ms).map(([count, unit]) => form().unit(count, unit)).join(" ");
/** The same to its larger unit. */
export const about = (ms: number): string => form().unit(...unitsOf(ms)[0]!);

/** The larger unit and the next one of a length of time, which is left out where there is none of it. */
function unitsOf(ms: number): [count: number, unit: Unit][] {
  if (ms < 1_000) return [[Math.round(ms), "millisecond"]];
  const s = Math.round(ms / 1_000);
  if (s < 60) return [[s, "second"]];
  const [size, large, small] = s < 3_600 ? ([60, "minute", "second"] as const) : s < 86_400 ? ([3_600, "hour", "minute"] as const) : ([86_400, "day", "hour"] as const);
  const rest = Math.floor((s % size) / { second: 1, minute: 60, hour: 3_600 }[small]);
  const whole: [number, Unit] = [Math.floor(s / size), large];
  return rest ? [whole, [rest, small]] : [whole];
}

/** Of a thing in a list: when it was met last, the day where that is long ago; nothing while it is not known. */
export function lastWords(at: string | null | undefined): string {
  if (at == null) return at === null ? t.never : "";
  const past = Math.max(0, time.now() - ms(at));
  return past < DAY_MS ? ago(past) : day(at);
}

/** 3 May 09:10 to 09:25, 3 May 09:10 to 4 May 17:00, Since 3 May 09:10: always with its day, which may be over while it is looked at. */
export function timeWords({ since, until }: { since: number | null; until: number | null }): string {
  const dated = (at: number) => `${day(at)} ${minute(at)}`;
  if (since === null) return until === null ? "" : say(t.until, { time: dated(until) });
  if (until === null) return say(t.since, { time: dated(since) });
  const [a, b] = [new Date(since), new Date(until)];
  if ([a, b].every((at) => at.getHours() + at.getMinutes() === 0)) {
    const last = day(until - 1);
    return day(since) === last ? last : say(t.fromTo, { from: day(since), to: last });
  }
  return say(t.fromTo, { from: dated(since), to: a.toDateString() === b.toDateString() ? minute(until) : dated(until) });
}

/** Late from here on is marked, as the protocol says. */
export const LATE_MS = 5 * 60_000;

/** A key from a name: what a person would have typed. */
export const slug = (name: string): string =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
