// What a screen says of itself, each five seconds: what it has painted, and when. It speaks of paint: the time goes on only when
// the browser has drawn a picture that is not blank.

const SAY_MS = 5_000;

export interface Proof {
  position: string | null;
  painted_at: string;
  fps: number;
  build: string;
  width: number;
  height: number;
}

/** Which build this is, as its script is named. */
export const BUILD = /wall-([\w-]+)\.js/.exec(document.querySelector<HTMLScriptElement>("script[src]")?.src ?? "")?.[1] ?? "none";

/** Says it for as long as the page lives. */
export function prove(stage: HTMLElement, positionOf: () => string | null, say: (proof: Proof) => void): void {
  let [paintedAt, position, fps] = [Date.now(), null as string | null, 0];
  const measure = (): void => {
    const [from, at] = [performance.now(), positionOf()];
    let frames = 0;
    const frame = (now: number): void => {
      frames += 1;
      if (now - from < 1_000) return void requestAnimationFrame(frame);
      fps = Math.round((frames * 1_000) / (now - from));
      if (!isShown(stage)) return;
      paintedAt = Date.now();
      position = at;
    };
    // A hidden or a frozen page is given no frame: then nothing of this goes on.
    requestAnimationFrame(frame);
  };
  setInterval(() => {
    say({ position, painted_at: new Date(paintedAt).toISOString(), fps, build: BUILD, width: innerWidth, height: innerHeight });
    measure();
  }, SAY_MS);
  measure();
}

/** True while there is a picture: it has a size, something in it, and is seen through nothing. */
function isShown(stage: HTMLElement): boolean {
  const { width, height } = stage.getBoundingClientRect();
  const { visibility, display, opacity } = getComputedStyle(stage);
  return document.visibilityState === "visible" && width > innerWidth / 2 && height > innerHeight / 2 && stage.querySelector("*") !== null && visibility === "visible" && display !== "none" && Number(opacity) > 0.1;
}
