// The values in a row, as handles: which one an event is about, what it says
// under a resting pointer, and whether a press was meant for the row at all.
// Rows are filled thousands of times a second, so that nothing of this is made with them.

import { type Activity, type Field, host } from "../feed";
import { t } from "../words/page";
import { say } from "../words/say";
import { deviceLabel, reasonsOf } from "./values";
import { full, span } from "./words";

/** A value that was pressed, and where it stands. */
export interface Handle {
  field: Field;
  value: string;
  label: string;
  from: HTMLElement;
}
type RowOf = (seq: number) => Activity | undefined;

/** A pointer that moved so far while it was down has marked text, not pressed a row. */
const MARKED_PX = 4;
const PARTS = "[data-f], time, .mark";

export const articleOf = (event: Event): HTMLElement | null => (event.target as Element).closest<HTMLElement>("[data-seq]");
/** As it is shown, or as it is called where it is a picture. */
const labelOf = (part: HTMLElement): string => part.textContent?.trim() || deviceLabel(part.dataset.v ?? "");

export function handleOf(event: Event, rowOf: RowOf): Handle | null {
  const from = (event.target as Element).closest<HTMLElement>("[data-f]");
  const row = from && rowOf(Number(articleOf(event)?.dataset.seq));
  if (!row) return null;
  const field = from.dataset.f as Field;
  const { v } = from.dataset;
  const value = v ?? host(row.source_url ?? "");
  return { field, value, label: v === undefined ? value : labelOf(from), from };
}

/** Text of this row was marked by this very press: that is not a wish for Details. */
export function marked(event: MouseEvent, article: HTMLElement, pressed: { x: number; y: number }): boolean {
  const text = getSelection();
  const far = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) >= MARKED_PX;
  return far && text?.type === "Range" && article.contains(text.anchorNode) && article.contains(text.focusNode);
}

/** Under a resting pointer: the name first, its key after; the whole of what was cut. */
export function tip(event: PointerEvent, rowOf: RowOf): void {
  const part = (event.target as Element).closest<HTMLElement>(PARTS);
  const row = part && rowOf(Number(articleOf(event)?.dataset.seq));
  if (row) part.title = said(part, row);
}

function said(part: HTMLElement, row: Activity): string {
  const { f: field, v: key } = part.dataset;
  if (part.matches("time")) return full(row.occurred_at);
  if (field === undefined) return say(t.lateTip, { time: span(row.late_ms) });
  const name = field === "source" ? (row.source_url ?? "") : labelOf(part);
  const after = key && key.toLowerCase() !== name.toLowerCase() ? ` (${key})` : "";
  const why = field === "grade" ? `\n${say(t.programTip, { reasons: reasonsOf(row) })}` : "";
  return `${name}${after}${why}\n${t.handleTip}`;
}
