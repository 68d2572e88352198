// The two hours up to now, a bar a minute, each family in its hue from below; older bars recede.

import { flavorLook } from "../lib/looks";
import { clock, n, t } from "../words/wall";
import { canvasOf, colour, el, icon } from "./dom";
import { MINUTE, MINUTES, type Picture } from "./picture";

/** Round numbers that a scale may have. */
const ROUND = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 1_000_000];
const LAST_HUE = 9;

export class Chart {
  readonly root: HTMLElement;
  readonly #canvas = document.createElement("canvas");
  readonly #legend = el("div", "legend");
  #told = "";

  constructor() {
    this.root = el("section", "chart", el("header", "", el("h2", "", t.perMinute), this.#legend), this.#canvas);
  }

  /** `end` is written where the bars end: it is not now when the connection is gone. */
  draw(picture: Picture, now: number, end: string): void {
    this.#tell(picture.families);
    const got = canvasOf(this.#canvas);
    if (!got) return;
    const { pen, width, height } = got;
    const size = Math.max(10, Math.round(innerUnit() * 2.1));
    const [right, below] = [size * 3.2, size * 1.9];
    const [wide, high] = [width - right, height - below];
    const last = Math.floor(now / MINUTE);
    const first = last - MINUTES + 1;
    const stacks: number[][] = [];
    let most = 0;
    for (let minute = first; minute <= last; minute += 1) {
      const stack = picture.stack(minute);
      stacks.push(stack);
      most = Math.max(most, stack.reduce((sum, count) => sum + count, 0));
    }
    const step = ROUND.find((round) => most / round <= 3) ?? most;
    const top = Math.max(step * Math.ceil(most / step), step);
    pen.font = `400 ${size}px ${colour("--font")}`;
    pen.textBaseline = "middle";
    // Two or three lines, and what they stand for.
    for (let line = step; line <= top && most > 0; line += step) {
      const y = Math.round(high - (high * line) / top) + 0.5;
      pen.fillStyle = colour("--line");
      pen.fillRect(0, y, wide, 1);
      pen.fillStyle = colour("--text-3");
      pen.fillText(n(line), wide + size * 0.7, Math.max(size / 2, y));
    }
    const hues = [...picture.families.map((family) => flavorLook(`${family}.`).hue), LAST_HUE].map((hue) => colour(`--hue-${hue}`));
    const slot = wide / MINUTES;
    const bar = Math.max(1, slot * 0.78);
    stacks.forEach((stack, i) => {
      let y = high;
      pen.globalAlpha = 0.5 + (0.5 * i) / (MINUTES - 1);
      stack.forEach((count, family) => {
        if (!count) return;
        const tall = (high * count) / top;
        pen.fillStyle = hues[family]!;
        pen.fillRect(i * slot, y - tall, bar, tall);
        y -= tall;
      });
    });
    pen.globalAlpha = 1;
    pen.fillStyle = colour("--line-strong");
    pen.fillRect(0, high, wide, 1);
    pen.fillStyle = colour("--accent");
    pen.fillRect(wide - 1, 0, 3, high);
    this.#times(pen, { first, slot, wide, y: high + below * 0.62, size, end }, picture.zone);
  }

  /** Each half hour of the clock, and now. */
  #times(pen: CanvasRenderingContext2D, { first, slot, wide, y, size, end }: { first: number; slot: number; wide: number; y: number; size: number; end: string }, zone: string): void {
    pen.textAlign = "center";
    pen.fillStyle = colour("--text-3");
    for (let i = 0; i < MINUTES; i += 1) {
      const at = (first + i) * MINUTE;
      const told = clock(at, zone);
      const x = (i + 0.5) * slot;
      if (/:(00|30)$/.test(told) && x > size * 1.5 && x < wide - size * 5) pen.fillText(told, x, y);
    }
    pen.textAlign = "right";
    pen.font = `600 ${size}px ${colour("--font")}`;
    pen.fillStyle = colour("--accent");
    pen.fillText(end, wide + 1, y);
    pen.textAlign = "left";
  }

  #tell(families: string[]): void {
    const told = families.join();
    if (told === this.#told) return;
    this.#told = told;
    const names: Record<string, string> = t.families;
    this.#legend.textContent = "";
    for (const family of families) {
      const { hue, icon: name } = flavorLook(`${family}.`);
      this.#legend.append(el("span", "", icon(name, hue), names[family] ?? family));
    }
  }
}

/** One hundredth of the height of the picture, in CSS pixels. */
export const innerUnit = (): number => (innerHeight > innerWidth ? innerWidth : innerHeight) / 100;

/** The course of something: from zero, with the span it has and a dot now. */
export function course(canvas: HTMLCanvasElement, values: number[], hue = "--accent"): void {
  const got = canvasOf(canvas);
  if (!got || values.length < 2) return;
  const { pen, width, height } = got;
  const most = Math.max(1, ...values);
  const dot = Math.max(2, innerUnit() * 0.35);
  const x = (i: number): number => dot + ((width - 2 * dot) * i) / (values.length - 1);
  const y = (value: number): number => height - 1 - (height - 2 * dot - 1) * (value / most) - dot / 2;
  pen.beginPath();
  values.forEach((value, i) => pen.lineTo(x(i), y(value)));
  pen.strokeStyle = colour(hue);
  pen.lineWidth = Math.max(2, innerUnit() * 0.28);
  pen.lineJoin = "round";
  pen.stroke();
  pen.lineTo(x(values.length - 1), height);
  pen.lineTo(x(0), height);
  pen.closePath();
  const wash = pen.createLinearGradient(0, 0, 0, height);
  wash.addColorStop(0, colour(hue));
  wash.addColorStop(1, "transparent");
  pen.globalAlpha = 0.28;
  pen.fillStyle = wash;
  pen.fill();
  pen.globalAlpha = 1;
  pen.beginPath();
  pen.arc(x(values.length - 1), y(values[values.length - 1]!), dot, 0, 7);
  pen.fillStyle = colour(hue);
  pen.fill();
}
