// The chart's picture: bars from the oldest at the left to the newest at the right, drawn on a canvas.

import { barAfter, type Histogram, type Width } from "../feed";
import { brief, day, minute } from "../lib/words";

const LABEL_GAP = 62;
const BARE_BELOW = 36;
/** Numbers of cut bars do not touch. */
const CUT_GAP = 40;

/** Two or three round counts up to one, which a scale is marked with. */
export function marks(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most || 1));
  const lead = most / power;
  const step = Math.max(1, (lead < 2 ? 0.5 : lead < 4 ? 1 : lead < 8 ? 2 : 4) * power);
  return [1, 2, 3].map((n) => n * step).filter((mark) => mark <= most);
}


/** Slanted lines in a colour, for what was not counted. */
function hatch(context: CanvasRenderingContext2D, colour: string, ratio: number): CanvasPattern | string {
  const tile = document.createElement("canvas");
  tile.width = tile.height = Math.round(6 * ratio);
  const lines = tile.getContext("2d")!;
  lines.strokeStyle = colour;
  lines.lineWidth = ratio;
  const side = tile.width;
  for (const at of [-side, 0, side]) {
    lines.moveTo(at, side);
    lines.lineTo(at + side, 0);
  }
  lines.stroke();
  return context.createPattern(tile, "repeat") ?? colour;
}

export interface Picture {
  histogram: Histogram;
  width: Width;
  /** Start of the last bar. */
  edge: number;
  bars: number;
  /** Room at the left for the scale; a silhouette has none. */
  left: number;
  /** What a bar of full height counts; one of more is cut there. */
  most: number;
  /** Bars that are marked: a span of time, and the one pointed at. */
  from: number | null;
  to: number | null;
  pointed: number | null;
}

/** Bars between which a time is written, so that words do not touch and times are round. */
const ROUND: Record<Width, number[]> = { minute: [5, 10, 15, 30, 60, 120], hour: [6, 12, 24, 48, 96], day: [7, 14, 28, 56, 112] };

function roundAt(start: number, width: Width, every: number): boolean {
  const date = new Date(start);
  if (width === "minute") return (date.getHours() * 60 + date.getMinutes()) % every === 0;
  if (width === "hour") return every < 24 ? date.getHours() % every === 0 : date.getHours() === 0 && Math.floor(start / 86_400_000) % (every / 24) === 0;
  return Math.floor((start + 43_200_000) / 86_400_000) % every === 0;
}

export function draw(canvas: HTMLCanvasElement, width: number, height: number, picture: Picture): void {
  const context = canvas.getContext("2d");
  if (!context || !width) return;
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  // A canvas knows no custom properties with light-dark() in them: the colours come as properties that it has no other use for.
  const style = getComputedStyle(canvas);
  const { textDecorationColor: span, outlineColor: strong, color: plain, caretColor: word, borderColor: line } = style;
  const size = parseFloat(style.fontSize);
  // Beside words there is no room for a scale: its own silhouette.
  const bare = height < BARE_BELOW;
  const foot = bare ? 1 : size + 4;
  const { histogram, bars, edge, left, most, from, to, pointed } = picture;
  const step = (width - left) / bars;
  const base = height - foot;
  const first = barAfter(edge, picture.width, 1 - bars);
  const starts = Array.from({ length: bars }, (_, i) => barAfter(first, picture.width, i));
  const cut = starts.some((start) => histogram.count(start) > most);
  // Above bars that are cut stand their numbers.
  const tall = base - 2 - (cut ? size : 0);
  const every = ROUND[picture.width].find((count) => count * step >= LABEL_GAP) ?? bars;
  context.font = `${size}px ${style.fontFamily}`;
  const text = (words: string, x: number, y: number) => {
    context.strokeStyle = style.backgroundColor;
    context.lineWidth = 3;
    context.strokeText(words, x, y);
    context.fillStyle = word;
    context.fillText(words, x, y);
  };
  const inside = (start: number) => (from === null || start >= from) && (to === null || start < to);
  const marked = from !== null || to !== null;
  // Not counted is not quiet: it is hatched, whatever stands in it so far.
  const open = histogram.state === "failed" ? bars : starts.filter((start) => !histogram.whole(start)).length;
  if (open) {
    context.fillStyle = hatch(context, word, ratio);
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = 0.45;
    context.fillRect(left * ratio, 0, open * step * ratio, base * ratio);
    context.restore();
  }
  context.textAlign = "right";
  const lines = left && most ? marks(most) : [];
  for (const mark of lines) {
    const y = Math.round(base - (mark / most) * tall);
    context.fillStyle = line;
    context.fillRect(left, y, width - left, 1);
    if (mark === lines.at(-1) || tall > 60) text(brief(mark), left - 4, Math.max(y + size / 2 - 1, size - 1));
  }
  context.textAlign = "center";
  starts.forEach((start, i) => {
    const x = left + i * step;
    if (marked && inside(start)) {
      context.fillStyle = span;
      context.fillRect(x, 0, step + 0.5, base);
    }
    const count = histogram.count(start);
    if (count && most) {
      const h = Math.max(2, Math.min(1, count / most) * tall);
      context.fillStyle = pointed === start || (marked && inside(start)) ? strong : plain;
      context.fillRect(x + 0.5, base - h, Math.max(1, step - 1.5), h);
      // A gap near its top: it goes on.
      if (count > most) context.clearRect(x, base - h + 4, step, 2);
    }
    if (!bare && roundAt(start, picture.width, every) && x > left + 24 && x < width - 40) text(label(start, picture.width), x + step / 2, height - 3);
  });
  if (cut && left) {
    let free = -Infinity;
    starts.forEach((start, i) => {
      const count = histogram.count(start);
      const x = left + (i + 0.5) * step;
      // Of neighbours that are all cut, the highest has the number.
      const near = starts.slice(Math.max(0, i - Math.ceil(CUT_GAP / step)), i + Math.ceil(CUT_GAP / step) + 1);
      if (count <= most || x < free || near.some((other) => histogram.count(other) > count)) return;
      free = x + CUT_GAP;
      text(brief(count), Math.min(Math.max(x, left + 16), width - 16), size - 1);
    });
  }
  context.fillStyle = line;
  context.fillRect(left, base, width - left, 1);
}

const label = (start: number, width: Width): string => {
  const date = new Date(start);
  if (width === "day" || (date.getHours() === 0 && date.getMinutes() === 0)) return day(start);
  return minute(start);
};
