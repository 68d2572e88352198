// The chart's picture: bars from the oldest at the left to the newest at the right, drawn on a canvas.

import { barAfter, type Histogram, type Width } from "../feed";
import { day, short } from "../lib/words";

const LABEL_GAP = 62;

export interface Picture {
  histogram: Histogram;
  width: Width;
  /** Start of the last bar. */
  edge: number;
  bars: number;
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
  const foot = size + 4;
  const { histogram, bars, edge, most, from, to, pointed } = picture;
  const step = width / bars;
  const tall = height - foot - 2;
  const every = ROUND[picture.width].find((count) => count * step >= LABEL_GAP) ?? bars;
  context.font = `${size}px ${style.fontFamily}`;
  context.textAlign = "center";
  const first = barAfter(edge, picture.width, 1 - bars);
  const inside = (start: number) => (from === null || start >= from) && (to === null || start < to);
  const marked = from !== null || to !== null;
  for (let i = 0; i < bars; i++) {
    const start = barAfter(first, picture.width, i);
    const x = i * step;
    if (marked && inside(start)) {
      context.fillStyle = span;
      context.fillRect(x, 0, step + 0.5, height - foot);
    }
    const count = histogram.count(start);
    if (count && most) {
      const h = Math.max(2, Math.min(1, count / most) * tall);
      context.fillStyle = pointed === start || (marked && inside(start)) ? strong : plain;
      context.fillRect(x + 0.5, height - foot - h, Math.max(1, step - 1.5), h);
    }
    if (roundAt(start, picture.width, every) && x > 24 && x < width - 40) {
      context.fillStyle = word;
      context.fillText(label(start, picture.width), x + step / 2, height - 3);
    }
  }
  context.fillStyle = line;
  context.fillRect(0, height - foot, width, 1);
}

const label = (start: number, width: Width): string => {
  const date = new Date(start);
  if (width === "day" || (date.getHours() === 0 && date.getMinutes() === 0)) return day(start);
  return short(start).slice(-5);
};
