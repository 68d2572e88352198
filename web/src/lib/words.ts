// What the page says, in plain words: times, numbers, labels.

const number = new Intl.NumberFormat("en");
export const n = (value: number): string => number.format(value);
const briefFormat = new Intl.NumberFormat("en", { notation: "compact", minimumSignificantDigits: 4, maximumSignificantDigits: 4 });
/** 1.284M: for places of one width; below a hundred thousand all figures stand. */
export const brief = (value: number): string => (value < 100_000 ? n(value) : briefFormat.format(value));
export const many = (value: number, one: string, more = `${one}s`): string =>
  `${n(value)} ${value === 1 ? one : more}`;

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const shortFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const fullFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

type Time = string | number;
export const clock = (at: Time): string => clockFormat.format(new Date(at));
export const full = (at: Time): string => fullFormat.format(new Date(at));
export const day = (at: Time): string => dayFormat.format(new Date(at));
export const today = (at: Time): boolean => new Date(at).toDateString() === new Date().toDateString();
/** 09:14 today, 3 May 09:14 on another day. */
export const short = (at: Time): string => {
  const time = shortFormat.format(new Date(at));
  return today(at) ? time : `${day(at)} ${time}`;
};

let midnight = 0;
let midnightUntil = 0;
/** 09:14:03 today, 3 May 09:14 on another day; cheap, as every row asks for it. */
export function rowTime(at: string): string {
  const now = Date.now();
  if (now >= midnightUntil) {
    midnight = new Date().setHours(0, 0, 0, 0);
    midnightUntil = Math.min(now + 60_000, new Date(midnight).setDate(new Date(midnight).getDate() + 1));
  }
  const time = Date.parse(at);
  return time >= midnight ? clockFormat.format(time) : `${dayFormat.format(time)} ${shortFormat.format(time)}`;
}

export function span(ms: number): string {
  const s = Math.round(ms / 1000);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min${s % 60 ? ` ${s % 60} s` : ""}`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** So many bars of a chart in words: 3 h 20 min, 9 days. */
export const spanWords = (bars: number, width: "minute" | "hour" | "day"): string =>
  width === "day" ? many(bars, "day") : width === "hour" ? many(Math.round(bars / 24), "day") : bars % 60 === 0 ? `${bars / 60} h` : span(bars * 60_000);

/** 09:10 to 09:25, 3 May 09:10 to 4 May 17:00, since 09:10. */
export function timeWords({ since, until }: { since: number | null; until: number | null }): string {
  if (since === null) return until === null ? "" : `until ${short(until)}`;
  if (until === null) return `since ${short(since)}`;
  const [a, b] = [new Date(since), new Date(until)];
  if ([a, b].every((at) => at.getHours() + at.getMinutes() === 0)) {
    const last = day(until - 1);
    return day(since) === last ? last : `${day(since)} to ${last}`;
  }
  if (a.toDateString() === b.toDateString()) return `${short(since)} to ${shortFormat.format(b)}`;
  return `${day(since)} ${shortFormat.format(a)} to ${day(until)} ${shortFormat.format(b)}`;
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

const DEVICES: Record<string, string> = {
  tv: "TV",
  email_client: "Email client",
  console: "Games console",
  unknown: "Not given",
};
export const deviceLabel = (device: string): string =>
  DEVICES[device] ?? device.charAt(0).toUpperCase() + device.slice(1);

const FAMILY: Record<string, [hue: number, icon: string]> = {
  dashboard: [0, "grid"],
  message: [1, "mail"],
  invite: [2, "send"],
  content: [3, "share"],
  page: [6, "page"],
  form: [4, "form"],
  registration: [5, "check"],
  report: [8, "chart"],
  ad: [7, "flag"],
};
const ICONS: Record<string, string> = {
  "message.opened": "mailopen",
  "invite.email_opened": "mailopen",
  "content.downloaded": "down",
};
export const flavorLook = (key: string): { hue: number; icon: string } => {
  const [hue, icon] = FAMILY[key.split(".")[0] ?? ""] ?? [9, "dot"];
  return { hue, icon: ICONS[key] ?? (key.endsWith("link_clicked") || key.endsWith(".clicked") ? "click" : icon) };
};
