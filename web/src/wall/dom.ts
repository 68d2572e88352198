// Little helpers for a page without a framework: it is drawn once and changed in place.

import { PATHS } from "../lib/icons";

const WARN = "M8 2.2l6.2 11.3H1.8zM8 6.5v3.4M8 11.7h.1";

/** An element of a class, with text or children. */
export function el(name: string, of = "", ...inside: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  if (of) made.className = of;
  made.append(...inside);
  return made;
}

/** Writes a text where it is another than before: what does not change is not touched. */
export function write(at: Element, text: string): void {
  if (at.textContent !== text) at.textContent = text;
}

export function icon(name: string, hue?: number): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", name === "warn" ? WARN : (PATHS[name] ?? PATHS.dot!));
  svg.append(path);
  if (hue !== undefined) svg.style.color = `var(--hue-${hue})`;
  return svg;
}

/** A colour of the theme, for what is drawn on a canvas. */
export const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A canvas as sharp as the screen, and its size in CSS pixels; null while it has none. */
export function canvasOf(canvas: HTMLCanvasElement): { pen: CanvasRenderingContext2D; width: number; height: number } | null {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  const pen = canvas.getContext("2d");
  if (!pen || width === 0 || height === 0) return null;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}
