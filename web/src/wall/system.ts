// The layout `system`: one sentence says how it is and what to do; below stand the figures, always in their places.

import { clock, fill, n, t } from "../words/wall";
import { course } from "./chart";
import { el, icon, write } from "./dom";
import { ask } from "./task";

interface Quantiles {
  p50: number;
  p99: number;
}
export interface System {
  status: "ok" | "warn" | "bad";
  server_time: string;
  version: string;
  uptime_s: number;
  in_per_s: number;
  out_per_s: number;
  connections: number;
  subscriptions: number;
  lagging: number;
  commit_ms: Quantiles | null;
  deliver_ms: Quantiles | null;
  refusals: Record<string, number>;
  sources: { name: string; at: string; rhythm: "learning" | "as_usual" | "quieter" | "silent"; steps: number[] }[];
  queue_bytes: number;
  database_bytes: number;
  wal_bytes: number;
  disk_free_bytes: number | null;
  disk_left_s: number | null;
  pulse_age_ms: number | null;
  findings: { what: string; level: "warn" | "bad"; message: string }[];
  course: { in: number[]; out: number[] };
}

const SOURCES_MAX = 6;
const DAY_S = 86_400;

/** A figure with its unit, what it is, and what stands under it; coloured only where it is found not to be well. */
class Cell {
  readonly root: HTMLElement;
  readonly #number = el("b", "number");
  readonly #unit = el("span", "unit");
  readonly #more = el("p", "beside");

  constructor(
    label: string,
    private readonly whats: string[],
    of = "",
  ) {
    this.root = el("div", `cell ${of}`, el("h2", "", icon("warn"), label), el("p", "figure", this.#number, this.#unit), this.#more);
  }

  tell(system: System, figure: [number: string, unit: string], more: string): void {
    write(this.#number, figure[0]);
    write(this.#unit, figure[1]);
    write(this.#more, more);
    this.root.dataset.level = system.findings.find(({ what }) => this.whats.includes(what))?.level ?? "";
  }
}

export class SystemWall {
  readonly root: HTMLElement;
  /** What it says in one sentence, and how bad that is. */
  verdict = "";
  status: System["status"] = "ok";
  readonly #verdict = el("p", "verdict");
  readonly #cure = el("p", "cure");
  readonly #head = el("header", "head");
  readonly #courses = [0, 1].map(() => document.createElement("canvas"));
  readonly #cells = {
    in: new Cell(t.comesIn, [], "wide"),
    out: new Cell(t.goesOut, [], "wide"),
    commit: new Cell(t.commit, ["commit_ms"]),
    deliver: new Cell(t.deliver, ["deliver_ms"]),
    viewers: new Cell(t.viewers, ["lagging"]),
    refusals: new Cell(t.refusals, ["refusals"]),
    disk: new Cell(t.disk, ["disk_left_s", "disk_free_bytes"], "small"),
    database: new Cell(t.database, [], "small"),
    log: new Cell(t.log, ["wal_bytes", "queue_bytes"], "small"),
    pulse: new Cell(t.pulse, ["pulse_age_ms"], "small"),
    running: new Cell(t.running, [], "small"),
  };
  readonly #sources = el("ol", "sources");

  constructor(private readonly zone: string) {
    const { in: comes, out, commit, deliver, viewers, refusals, disk, database, log, pulse, running } = this.#cells;
    this.#head.append(icon("seal"), el("div", "", this.#verdict, this.#cure));
    comes.root.append(this.#courses[0]!);
    out.root.append(this.#courses[1]!);
    this.root = el(
      "div",
      "system",
      this.#head,
      el("div", "flows", comes.root, out.root),
      el("div", "paths", commit.root, deliver.root, viewers.root, refusals.root),
      el("div", "rest", el("section", "senders", el("h2", "", t.sources), this.#sources), el("div", "store", disk.root, database.root, log.root, pulse.root, running.root)),
    );
  }

  tell(system: System): void {
    this.#verdictOf(system);
    const { in: comes, out, commit, deliver, viewers, refusals, disk, database, log, pulse, running } = this.#cells;
    comes.tell(system, [n(Math.round(system.in_per_s)), t.perSecond], fill(t.peak, { count: n(Math.round(Math.max(0, ...system.course.in) / 15)) }));
    out.tell(system, [n(Math.round(system.out_per_s)), t.perSecond], fill(t.peak, { count: n(Math.round(Math.max(0, ...system.course.out) / 15)) }));
    course(this.#courses[0]!, system.course.in);
    course(this.#courses[1]!, system.course.out, "--hue-2");
    const ms = (told: Quantiles | null): [string, string] => (told ? [n(Math.round(told.p99)), t.ms] : [t.none, ""]);
    commit.tell(system, ms(system.commit_ms), fill(t.warnsFrom, { ms: "50" }));
    deliver.tell(system, ms(system.deliver_ms), fill(t.warnsFrom, { ms: "250" }));
    viewers.tell(system, [n(system.connections), ""], fill(t.behind, { behind: n(system.lagging), filters: n(system.subscriptions) }));
    const refused = Object.entries(system.refusals).sort(([, one], [, other]) => other - one);
    refusals.tell(system, [n(refused.reduce((sum, [, count]) => sum + count, 0)), ""], refused.slice(0, 2).map(([code, count]) => `${n(count)} ${code}`).join(", "));
    const left = system.disk_left_s;
    const free = system.disk_free_bytes === null ? "" : fill(t.free, { bytes: bytes(system.disk_free_bytes).join(" ") });
    const days = left === null ? null : left / DAY_S;
    disk.tell(system, days === null || days > 999 ? [bytes(system.disk_free_bytes ?? 0)[0], bytes(system.disk_free_bytes ?? 0)[1]] : days >= 2 ? [n(Math.floor(days)), t.days] : [n(Math.floor(days * 24)), t.hours], days === null || days > 999 ? t.notFilling : free);
    database.tell(system, bytes(system.database_bytes), "");
    log.tell(system, bytes(system.wal_bytes), system.queue_bytes ? fill(t.waits, { bytes: bytes(system.queue_bytes).join(" ") }) : t.queueEmpty);
    pulse.tell(system, system.pulse_age_ms === null ? [t.none, ""] : [n(Math.round(system.pulse_age_ms / 1_000)), t.sAgo], fill(t.warnsFromS, { seconds: "3" }));
    const up = system.uptime_s;
    running.tell(system, up >= 2 * DAY_S ? [n(Math.floor(up / DAY_S)), t.days] : up >= 7_200 ? [n(Math.floor(up / 3_600)), t.hours] : [n(Math.floor(up / 60)), t.minutes], fill(t.version, { version: system.version }));
    this.#tellSources(system);
  }

  #verdictOf({ status, findings }: System): void {
    this.root.dataset.status = status;
    const [first, ...others] = findings;
    this.verdict = first ? (others.length ? fill(t.thingsToDo, { count: n(findings.length) }) : t.oneThing) : t.allWell;
    this.status = status;
    write(this.#verdict, this.verdict);
    write(this.#cure, first ? findings.slice(0, 2).map(({ message }) => message).join(" ") : t.nothingToDo);
    const name = first ? "warn" : "seal";
    if (this.#head.dataset.icon === name) return;
    this.#head.dataset.icon = name;
    this.#head.replaceChild(icon(name), this.#head.firstChild!);
  }

  #tellSources({ sources }: System): void {
    const shown = [...sources].sort((one, other) => Date.parse(other.at) - Date.parse(one.at)).slice(0, SOURCES_MAX);
    this.#sources.textContent = "";
    if (!shown.length) this.#sources.append(el("li", "empty", t.nobodySends));
    for (const { name, at, rhythm, steps } of shown) {
      const most = Math.max(1, ...steps);
      const strip = el("span", "strip", ...steps.map((count) => {
        const bar = el("i", count ? "" : "none");
        if (count) bar.style.height = `${Math.max(8, (100 * count) / most)}%`;
        return bar;
      }));
      const words: Record<typeof rhythm, string> = { learning: t.learning, as_usual: t.asUsual, quieter: t.quieter, silent: fill(t.silentSince, { time: clock(Date.parse(at), this.zone) }) };
      const row = el("li", "", el("span", "label", name), strip, el("span", "rhythm", words[rhythm]));
      row.dataset.rhythm = rhythm;
      this.#sources.append(row);
    }
  }
}

/** Reads it anew each second, until the returned function is called. */
export function watchSystem(heard: (system: System) => void, refused: () => void): () => void {
  let [ended, timer] = [false, 0];
  const look = async (): Promise<void> => {
    try {
      heard(await ask<System>("/v1/system"));
    } catch (fault) {
      const { status } = fault as { status: number };
      if (status === 401 || status === 403) refused();
    }
    if (!ended) timer = window.setTimeout(() => void look(), 1_000);
  };
  void look();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** 147 GB. */
function bytes(count: number): [number: string, unit: string] {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [value, at] = [count, 0];
  while (value >= 1_000 && at < units.length - 1) [value, at] = [value / 1_000, at + 1];
  return [n(value >= 10 || at === 0 ? Math.round(value) : Math.round(value * 10) / 10), units[at]!];
}
