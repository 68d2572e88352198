// Stands between this browser and the server for one thing alone: a page that is opened while the server is away says so,
// waits, and comes back by itself. It keeps nothing: no page, no file of a build, no data. What the server answers is passed
// on as it is, so a newer build is never hidden by an older one. What it shows stands in this file and nowhere else.

const HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Waiting for the server - Tidings</title>
    <link rel="stylesheet" href="/away.css" />
    <script src="/away.js" defer></script>
  </head>
  <body>
    <main>
      <h1>The server is away</h1>
      <p id="more">It may be restarting. This page waits for it and comes back by itself; what was sent to the server is kept there.</p>
      <p id="state" role="status">Waiting</p>
      <p><button id="now" type="button">Try now</button></p>
    </main>
  </body>
</html>`;

const CSS = `:root { color-scheme: light dark; }
body { display: grid; place-items: center; min-height: 100vh; margin: 0; padding: 24px; box-sizing: border-box;
  font: 400 clamp(15px, 1.2vw, 28px)/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; font-variant-numeric: tabular-nums;
  color: light-dark(#181d26, #e6eaf0); background: light-dark(#f6f7f9, #0f1216); }
main { max-width: 34em; }
h1 { margin: 0; font-size: 1.5em; letter-spacing: -0.01em; }
p { margin: 0.75em 0 0; }
#state { color: light-dark(#515b6b, #a3adbb); }
button { min-height: 44px; padding: 0 1em; border: 1px solid light-dark(#8791a1, #67717f); border-radius: 6px; font: inherit;
  color: inherit; background: light-dark(#ffffff, #161a20); cursor: pointer; }
:focus-visible { outline: 2px solid light-dark(#2a5bd0, #86a9f7); outline-offset: 2px; }`;

/** Runs in the page that waits. */
function waits() {
  // Many that wait do not come back in the same moment.
  const REST_MS = 3000;
  const SPREAD_MS = 2000;
  const ANSWER_MS = 5000;
  const words = {
    en: {
      since: (time) => "Away since " + time,
      again: (seconds) => "trying again in " + seconds + " s",
      now: "trying now",
    },
    de: {
      title: "Warten auf den Server - Tidings",
      head: "Der Server ist nicht da",
      more: "Vielleicht startet er gerade neu. Diese Seite wartet auf ihn und kommt von selbst zurück; was an den Server gesendet wurde, bleibt dort.",
      try: "Jetzt versuchen",
      since: (time) => "Nicht da seit " + time,
      again: (seconds) => "neuer Versuch in " + seconds + " s",
      now: "neuer Versuch läuft",
    },
  };
  let chosen = null;
  try {
    chosen = localStorage.getItem("language");
  } catch {
    // Without storage the language is the browser's.
  }
  const code = [chosen, ...navigator.languages].map((tag) => (tag ?? "").slice(0, 2)).find((tag) => Object.hasOwn(words, tag)) ?? "en";
  const said = words[code];
  // What stands there is English.
  if (said.title) {
    document.documentElement.lang = code;
    document.title = said.title;
    document.querySelector("h1").textContent = said.head;
    document.getElementById("more").textContent = said.more;
    document.getElementById("now").textContent = said.try;
  }
  const state = document.getElementById("state");
  const since = new Intl.DateTimeFormat(code, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date());
  let at = 0;
  let asking = false;
  const ask = async () => {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch("/", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (answer.ok) return location.reload();
    } catch {
      // Still away.
    }
    asking = false;
    at = Date.now() + REST_MS + Math.random() * SPREAD_MS;
  };
  document.getElementById("now").addEventListener("click", ask);
  addEventListener("online", ask);
  setInterval(() => {
    const left = Math.ceil((at - Date.now()) / 1000);
    if (left <= 0) void ask();
    state.textContent = said.since(since) + ", " + (left > 0 ? said.again(left) : said.now);
  }, 1000);
}

const told = (text, type) => new Response(text, { headers: { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" } });
const OWN = { "/away.css": () => told(CSS, "text/css"), "/away.js": () => told(`(${waits})();`, "text/javascript") };
/** What a proxy answers for a server that is not there, and what a server does that takes no more. */
const AWAY = [502, 503, 504];
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async function page(event) {
  try {
    // Asked for beside the start of this worker, where the browser can.
    const answer = (await event.preloadResponse) ?? (await fetch(event.request));
    if (!AWAY.includes(answer.status)) return answer;
  } catch {
    // Nobody answers.
  }
  return new Response(HTML, { status: 503, headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store", "content-security-policy": POLICY } });
}

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([clients.claim(), registration.navigationPreload?.enable()]));
});
addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin || request.method !== "GET") return;
  const own = OWN[url.pathname];
  if (own) event.respondWith(own());
  else if (request.mode === "navigate") event.respondWith(page(event));
});
