// A screen: it asks what it is to show, shows it, and heals by itself. Nobody stands beside it with a keyboard; so there is no
// dialog, nothing is asked, and the last good picture stays until there is a better one.

import "./wall.css";
import { clock, fill, sinceMidnight, speak, t } from "../words/wall";
import { el, icon } from "./dom";
import { Feed, Numbers, type Layout } from "./layouts";
import { Link, type Frame } from "./link";
import { pair } from "./pairing";
import { StateLine } from "./parts";
import { Picture } from "./picture";
import { BUILD, prove } from "./proof";
import { SystemWall, watchSystem, type System } from "./system";
import { ask, Unanswered, type Task, type View } from "./task";

/** What is asked for is looked at again this often: for a new build, and so that the cookie lasts. */
const LOOK_MS = 30_000;
/** Counts are read anew this often: what was corrected, and what came late, finds its way. */
const FRESH_MS = 120_000;
const STALE_MS = 12_000;
const QUIET_MS = 10_000;
const TEST_MS = 30_000;
const BLINK_MS = 8_000;
const CURSOR_MS = 5_000;
const MINUTE = 60_000;

const stage = document.querySelector<HTMLElement>("#wall")!;
const frame = el("main", "picture");
const line = new StateLine();
const over = el("aside", "over");

let task: Task | null = null;
let shown: { picture: Picture; layout: Layout; sub: string } | null = null;
/** What is shown by a wall of the layout `system`, which reads no activities. */
let operations: { layout: SystemWall; end: () => void } | null = null;
let coming: { picture: Picture; sub: string } | null = null;
let turn = 0;
let subs = 0;
let rotatedAt = 0;
let freshAt = 0;
let aliveAt = 0;
let checkedAt: number | null = null;
let broken: number | null = null;
let staleSince: number | null = null;
/** How far the server's clock is ahead of this one's. */
let ahead = 0;
let followed = 0;
let pairing = false;

const now = (): number => Date.now() + ahead;
const zoneOf = (view: View | undefined): string => task?.wall.zone ?? view?.zone ?? "UTC";

const link = new Link({
  opened: () => show(),
  heard,
  closed: (refused) => {
    if (refused) void look();
  },
});

/** Asks what is to be shown. */
async function look(): Promise<void> {
  if (pairing) return;
  try {
    const found = await ask<Task>("/v1/screen");
    take(found);
  } catch (fault) {
    if (!(fault instanceof Unanswered) || (fault.status !== 401 && fault.status !== 403)) return;
    task = shown = coming = null;
    endOperations();
    pairing = true;
    speak(null);
    await pair(stage);
    pairing = false;
    stage.textContent = "";
    stage.append(frame, line.root, over);
    await look();
  }
}

function take(found: Task): void {
  const before = task;
  const first = before === null;
  ahead = Date.parse(found.server_time) - Date.now();
  task = found;
  const { wall } = found;
  // Nobody can follow an order that was given before this page was there.
  if (first) followed = found.order?.number ?? 0;
  if (first || before.wall.language !== wall.language) speak(wall.language);
  document.title = wall.name;
  document.documentElement.dataset.theme = wall.theme;
  document.documentElement.style.setProperty("--overscan", String(wall.overscan));
  tellOver();
  follow();
  const other = first || JSON.stringify({ ...before.wall, banner: 0 }) !== JSON.stringify({ ...wall, banner: 0 }) || JSON.stringify(before.views) !== JSON.stringify(found.views);
  if (other) {
    turn = 0;
    if (wall.layout === "system") operate();
    else endOperations();
    link.again();
  }
}

function operate(): void {
  endOperations();
  shown = coming = null;
  const layout = new SystemWall(zoneOf(undefined));
  frame.textContent = "";
  frame.append(el("h1", "hidden", task!.wall.name), layout.root);
  frame.dataset.wall = "";
  const heardSystem = (system: System): void => {
    aliveAt = performance.now();
    ahead = Date.parse(system.server_time) - Date.now();
    layout.tell(system);
    tell();
  };
  operations = { layout, end: watchSystem(heardSystem, () => void look()) };
}

function endOperations(): void {
  operations?.end();
  operations = null;
}

/** Begins the view whose turn it is; what is shown stays until it is there. */
function show(): void {
  const view = task?.views[turn % Math.max(1, task.views.length)];
  if (!view) return;
  if (coming) link.send({ type: "unsubscribe", sub: coming.sub });
  subs += 1;
  coming = { picture: new Picture(view, zoneOf(view), now), sub: `w${subs}` };
  freshAt = rotatedAt = performance.now();
  link.send({ type: "subscribe", sub: coming.sub, view: view.key, backfill: 24, pulse: true });
}

function heard(told: Frame): void {
  aliveAt = performance.now();
  if (told.server_time) ahead = Date.parse(told.server_time) - Date.now();
  if (told.checked_at) checkedAt = Date.parse(told.checked_at);
  if (told.type === "pulse") broken = told.state === "broken" ? Date.parse(told.since ?? "") || now() : null;
  if (told.type === "changed" && (told.what === "wall" || told.what === "alert")) void look();
  if (told.type === "bye") return;
  if (coming && told.sub === coming.sub) heardComing(told, coming);
  else if (shown && told.sub === shown.sub) heardShown(told, shown.picture);
  tell();
}

function heardComing(told: Frame, { picture, sub }: { picture: Picture; sub: string }): void {
  if (told.type === "error" || told.type === "unsubscribed") return void (coming = null);
  if (told.type === "activities") return picture.take(told.items ?? [], told.position!);
  if (told.type !== "subscribed") return;
  picture.begin(told).then(
    () => {
      if (coming?.picture !== picture || !picture.ready || !task) return;
      if (shown && shown.sub !== sub) link.send({ type: "unsubscribe", sub: shown.sub });
      coming = null;
      place(picture, sub, task);
    },
    // What could not be read is tried again with the next look; the picture that is there stays.
    () => {
      if (coming?.picture === picture) coming = null;
      freshAt = performance.now() - FRESH_MS + 5_000;
    },
  );
}

function heardShown(told: Frame, picture: Picture): void {
  if (told.type === "activities") {
    picture.take(told.items ?? [], told.position!);
    if (told.amended?.length || told.erased?.length) freshAt = -Infinity;
  } else if (told.type === "position") picture.position = told.position!;
  // Anything else means that what is shown does not go on from here.
  else if (told.type === "refiltered" || told.type === "lagging" || told.type === "reset" || told.type === "unsubscribed") freshAt = -Infinity;
}

function place(picture: Picture, sub: string, { wall }: Task): void {
  const same = shown !== null && shown.picture.view.key === picture.view.key && frame.dataset.wall === JSON.stringify(wall);
  picture.cameAt = shown?.picture.view.key === picture.view.key ? Math.max(shown.picture.cameAt, picture.cameAt) : picture.cameAt;
  const layout = wall.layout === "numbers" ? new Numbers(picture, wall) : new Feed(picture, wall);
  shown = { picture, layout, sub };
  frame.dataset.wall = JSON.stringify(wall);
  frame.classList.toggle("same", same);
  frame.textContent = "";
  frame.append(el("h1", "hidden", wall.name), layout.root);
  tell();
}

/** Puts what is known on the screen: at most once a frame. */
let asked = false;
function tell(): void {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    if (!task || (!shown && !operations)) return;
    tellState();
    if (!shown) return;
    // What is stale stands still: numbers that go on would say that it is not.
    if (staleSince === null) shown.layout.tell(now(), t.now);
    else if (frame.dataset.stale !== String(staleSince)) shown.layout.tell(staleSince, clock(staleSince, shown.picture.zone));
    frame.dataset.stale = String(staleSince);
  });
}

function tellState(): void {
  if (!task) return;
  const zone = shown?.picture.zone ?? zoneOf(undefined);
  const lost = performance.now() - aliveAt > STALE_MS;
  if (lost && staleSince === null) staleSince = now() - (performance.now() - aliveAt);
  if (!lost) staleSince = null;
  document.documentElement.classList.toggle("stale", staleSince !== null);
  const view = shown?.picture.view;
  line.stands(view ? (view.event_name ?? task.workspace) : t.system, view?.name ?? "", clock(now(), zone));
  if (staleSince !== null) return line.tell("warn", fill(t.stale, { time: clock(staleSince, zone) }), "");
  if (broken !== null) return line.tell("bad", fill(t.broken, { time: clock(broken, zone) }), "");
  // What fires comes before how well it is: the line is red from edge to edge, and hides nothing of the picture.
  const [rings, ...others] = task.alerts;
  if (rings) {
    const holes = { time: clock(Date.parse(rings.since), zone), name: rings.acknowledged_by ?? "" };
    const more = others.length ? ` +${others.length}` : "";
    return line.tell("rings", rings.name + more, fill(rings.acknowledged_by === null ? t.rings : t.ringsFor, holes));
  }
  const tested = checkedAt === null ? "" : fill(t.tested, { seconds: Math.max(0, Math.round((now() - checkedAt) / 1_000)) });
  if (operations) return line.tell(({ ok: "good", warn: "warn", bad: "bad" } as const)[operations.layout.status], operations.layout.verdict, tested);
  const cameAt = shown?.picture.cameAt ?? now();
  line.tell("good", now() - cameAt < MINUTE ? t.live : t.quiet, tested);
}

/** What lies over the picture: a banner, the screen's own name, the test picture. */
function tellOver(more: HTMLElement | null = null): void {
  const banner = task?.wall.banner;
  over.textContent = "";
  if (banner && Date.parse(banner.until) > now()) over.append(el("p", "banner", banner.text));
  if (more) over.append(more);
}

function follow(): void {
  const order = task?.order;
  if (!order || order.number <= followed) return;
  followed = order.number;
  if (order.say === "reload") return location.reload();
  if (order.say === "rotate") return next();
  const test = order.say === "test";
  const name = el("div", test ? "test" : "name", el("b", "", task!.name), ...(test ? [el("p", "", fill(t.testSize, { width: innerWidth, height: innerHeight, ratio: devicePixelRatio })), el("div", "sharp")] : []));
  tellOver(name);
  setTimeout(() => tellOver(), test ? TEST_MS : BLINK_MS);
}

function next(): void {
  turn += 1;
  show();
}

/** Between two times of the day, over midnight where they turn. */
function isNight(): boolean {
  const night = task?.wall.night;
  if (!night) return false;
  const minute = sinceMidnight(now(), zoneOf(shown?.picture.view)) / MINUTE;
  const [from, to] = [night.from, night.to].map((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) as [number, number];
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** A newer build is taken when nothing has come for a while: once, so that a page that is kept somewhere does not go round. */
function takeBuild(): void {
  if (!task || BUILD === "none" || task.build === "none" || task.build === BUILD || !shown || now() - shown.picture.cameAt < QUIET_MS) return;
  if (sessionStorage.getItem("build") === task.build) return;
  sessionStorage.setItem("build", task.build);
  location.reload();
}

function tick(): void {
  const at = performance.now();
  if (task && shown && !coming) {
    if (task.views.length > 1 && at - rotatedAt > task.wall.rotate_s * 1_000) next();
    else if (at - freshAt > FRESH_MS || shown.picture.isOver()) show();
  }
  if (task?.wall.banner && Date.parse(task.wall.banner.until) <= now()) tellOver();
  document.documentElement.classList.toggle("night", isNight());
  // The picture moves by a few pixels each minute, as a whole: no line burns in.
  const step = Math.floor(now() / MINUTE) % 8;
  stage.style.transform = `translate(${[0, 2, 4, 4, 4, 2, 0, 0][step]}px, ${[0, 0, 0, 2, 4, 4, 4, 2][step]}px)`;
  takeBuild();
  tell();
}

let stillAt = 0;
const still = (): void => void document.documentElement.classList.toggle("still", performance.now() - stillAt > CURSOR_MS);
addEventListener("pointermove", () => {
  stillAt = performance.now();
  still();
});
addEventListener("click", () => void document.documentElement.requestFullscreen?.().catch(() => {}));
addEventListener("keydown", ({ key }) => {
  if (key === "f" || key === "Enter") void document.documentElement.requestFullscreen?.().catch(() => {});
});
addEventListener("resize", tell);
/** Asked for again whenever the page comes back: a browser gives it up by itself. */
function wake(): void {
  const lock = (navigator as { wakeLock?: { request(kind: "screen"): Promise<unknown> } }).wakeLock;
  if (document.visibilityState === "visible") lock?.request("screen").catch(() => {});
}
addEventListener("visibilitychange", () => {
  wake();
  void look();
});

stage.append(frame, line.root, over);
speak(null);
line.tell("wait", t.connecting, "");
frame.append(el("div", "waiting", icon("pulse")));
wake();
void look();
setInterval(() => void look(), LOOK_MS);
setInterval(() => {
  tick();
  still();
}, 1_000);
prove(
  stage,
  () => shown?.picture.position ?? null,
  (proof) => {
    if (shown || operations) link.send({ type: "seen", sub: shown?.sub ?? "system", ...proof });
  },
);
