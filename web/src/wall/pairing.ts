// A screen that nobody knows shows a code and where to enter it, and waits until somebody has.

import { encode } from "uqr";
import { clock, fill, t } from "../words/wall";
import { el, icon, write } from "./dom";
import { ask } from "./task";

const AGAIN_MS = 5_000;

/** Shows a code, and another when that is over, until the screen is paired. */
export async function pair(stage: HTMLElement): Promise<void> {
  const tiles = el("div", "tiles");
  const code = document.createElement("canvas");
  const [until, time, state] = [el("p", "until"), el("time", "clock"), el("p", "state", el("i", "dot"), el("b"))];
  const plain = location.protocol === "https:" || location.hostname === "localhost" || location.hostname === "127.0.0.1" ? [] : [el("p", "plain", icon("warn"), t.pairPlain)];
  const say = el("div", "say", el("h1", "", t.pairHead), el("p", "how", t.pairHow), tiles, until, ...plain);
  stage.textContent = "";
  stage.append(el("main", "pairing", say, el("div", "qr", code)), el("footer", "line", state, el("p", "place"), time));
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const tell = (): void => write(time, clock(Date.now(), zone));
  tell();
  const tick = setInterval(tell, 1_000);
  try {
    for (;;) {
      try {
        const begun = await ask<{ code: string; poll: string; lasts_s: number }>("/v1/screens", "POST");
        stage.dataset.kind = "good";
        write(state.querySelector("b")!, t.reached);
        tiles.textContent = "";
        [...begun.code].forEach((sign) => tiles.append(el("span", "", sign)));
        tiles.setAttribute("aria-label", begun.code);
        write(until, fill(t.pairNew, { time: clock(Date.now() + begun.lasts_s * 1_000, zone) }));
        draw(code, `${location.origin}/screens?code=${begun.code}`);
        if (await paired(begun.poll)) return;
      } catch {
        stage.dataset.kind = "bad";
        write(state.querySelector("b")!, t.pairAway);
        await new Promise((run) => setTimeout(run, AGAIN_MS));
      }
    }
  } finally {
    clearInterval(tick);
    delete stage.dataset.kind;
  }
}

/** Waits; true when somebody has entered the code, false when it is over. Throws when the server is away. */
function paired(poll: string): Promise<boolean> {
  const address = `/v1/screens/wait?poll=${encodeURIComponent(poll)}`;
  return new Promise((told, failed) => {
    const events = new EventSource(address);
    const end = (run: () => void): void => {
      events.close();
      run();
    };
    events.addEventListener("over", () => end(() => told(false)));
    events.addEventListener("paired", () =>
      end(() => {
        // With this answer comes what the screen is known by from now on.
        fetch(address, { cache: "no-store" }).then((answer) => (answer.ok ? answer.text().then(() => told(true)) : told(false)), failed);
      }),
    );
    events.onerror = () => {
      // A server that restarts forgets its codes; a browser that only lost its connection asks again by itself.
      if (events.readyState === EventSource.CLOSED) end(() => told(false));
      else fetch(address, { cache: "no-store", method: "HEAD" }).then((answer) => answer.status === 404 && end(() => told(false)), () => {});
    };
  });
}

/** A QR code with its quiet zone, dark on light whatever the theme: many phones read no other. */
function draw(canvas: HTMLCanvasElement, text: string): void {
  const { data, size } = encode(text, { ecc: "M", border: 4 });
  const scale = Math.max(1, Math.floor(1_000 / size));
  canvas.width = canvas.height = size * scale;
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = "#e6eaf0";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#0f1216";
  data.forEach((row, y) => row.forEach((dark, x) => dark && pen.fillRect(x * scale, y * scale, scale, scale)));
}
