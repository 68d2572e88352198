// What the list shows, onto the clipboard: rows as columns of a spreadsheet, or the email addresses of their partners.

import { api, zone } from "./api";

/** More than this nobody pastes; a file holds all. */
const ROWS_MAX = 10_000;

export interface Copied {
  count: number;
  /** Not all of it. */
  cut: boolean;
}

/** The clipboard takes what comes later only where it is promised within the press of the button. */
async function put(coming: Promise<string>): Promise<void> {
  if (typeof ClipboardItem === "undefined") return navigator.clipboard.writeText(await coming);
  const blob = coming.then((text) => new Blob([text], { type: "text/plain" }));
  await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
}

/** Lines of an export, with the one above them, as many as are wanted; then it is ended. */
async function lines(query: string, columns = ""): Promise<{ head: string; rows: string[]; cut: boolean }> {
  const answer = await fetch(`/v1/activities/export?${query}&format=csv&separator=tab&zone=${zone}${columns}`);
  if (!answer.ok || !answer.body) throw new Error(String(answer.status));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let found: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    text += value ?? "";
    found = text.split("\r\n");
    if (done || found.length > ROWS_MAX + 1) break;
  }
  void reader.cancel();
  const [head = "", ...rows] = found.filter(Boolean);
  return { head, rows: rows.slice(0, ROWS_MAX), cut: rows.length > ROWS_MAX };
}

export async function copyRows(query: string): Promise<Copied> {
  const reading = lines(query);
  await put(reading.then(({ head, rows }) => [head, ...rows].join("\n")));
  const { rows, cut } = await reading;
  return { count: rows.length, cut };
}

/** Of each partner once, in the order of their names. */
export async function copyEmails(event: string, query: string): Promise<Copied> {
  const reading = (async () => {
    const { head, rows, cut } = await lines(query, "&columns=partner");
    const at = Math.max(0, head.split("\t").indexOf("partner"));
    const keys = new Set(rows.map((row) => row.split("\t")[at] ?? ""));
    const emails: string[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof api.partners>> = await api.partners(event, after);
      emails.push(...page.items.filter(({ key, email }) => email && keys.has(key)).map(({ email }) => email!));
      after = page.next;
    } while (after !== null);
    return { emails: [...new Set(emails)], cut };
  })();
  await put(reading.then(({ emails }) => emails.join("\n")));
  const { emails, cut } = await reading;
  return { count: emails.length, cut };
}
