// The parts that layouts are made of: a counter, a row, a list of leaders, the line of state.

import { flavorLook } from "../lib/looks";
import { clock, flavorName, n, t } from "../words/wall";
import { el, icon, write } from "./dom";
import type { Item } from "./link";
import type { Leader } from "./picture";

/** A number, what it counts, and what to hold it against. */
export class Counter {
  readonly root: HTMLElement;
  readonly #number = el("b", "number");
  readonly #beside = el("p", "beside");

  constructor(label: string, rank: "first" | "second") {
    this.root = el("div", `counter ${rank}`, el("h2", "", label), this.#number, this.#beside);
  }

  /** `beside` has one figure, written stronger. */
  tell(value: number, beside: string, figure = ""): void {
    write(this.#number, n(value));
    // By its digits and never by what else stands there: it neither wraps nor moves while one looks.
    this.root.classList.toggle("many", value > 99_999);
    if (this.#beside.dataset.told === beside) return;
    this.#beside.dataset.told = beside;
    const at = figure ? beside.indexOf(figure) : -1;
    this.#beside.textContent = "";
    if (at < 0) this.#beside.append(beside);
    else this.#beside.append(beside.slice(0, at), el("strong", "", figure), beside.slice(at + figure.length));
  }
}

/** What somebody did, as a sentence: who, and with what. */
function sentence(item: Item, masked: boolean): Node[] {
  const sentences: Record<string, string> = t.did;
  const known = sentences[item.flavor.key];
  const who = masked ? t.aPartner : item.partner.name || item.partner.key;
  const what = known === undefined ? flavorName(item.flavor.key, item.flavor.label) : (item.message?.subject ?? t.aMessage);
  return (known ?? t.did.other).split(/(<who>|<what>)/).filter(Boolean).map((piece) => (piece === "<who>" ? el("b", "who", who) : piece === "<what>" ? el("span", "what", what) : document.createTextNode(piece)));
}

/** The newest activities; a row that stays is not touched. */
export class Rows {
  readonly root = el("ol", "rows");
  #shown: Item[] = [];
  #known = false;

  constructor(
    private readonly zone: string,
    private readonly masked: boolean,
  ) {}

  tell(items: Item[], room: number): void {
    const shown = items.slice(0, room);
    const newest = this.#shown[0]?.seq ?? 0;
    const gone = new Set(this.#shown.map((item) => item.seq));
    shown.forEach((item) => gone.delete(item.seq));
    for (const row of [...this.root.children] as HTMLElement[]) if (gone.has(Number(row.dataset.seq))) row.remove();
    const there = new Set([...this.root.children].map((row) => Number((row as HTMLElement).dataset.seq)));
    shown.forEach((item, i) => {
      if (there.has(item.seq)) return;
      this.root.insertBefore(this.#row(item, this.#known && item.seq > newest), this.root.children[i] ?? null);
    });
    if (!shown.length && !this.root.firstChild) this.root.append(el("li", "empty", t.nothing));
    else if (shown.length) this.root.querySelector(".empty")?.remove();
    this.#shown = shown;
    this.#known = true;
  }

  #row(item: Item, fresh: boolean): HTMLElement {
    const { hue, icon: name } = flavorLook(item.flavor.key);
    const row = el("li", fresh ? "row fresh" : "row", el("time", "", clock(Date.parse(item.occurred_at), this.zone)), icon(name, hue), el("p", "", ...sentence(item, this.masked)));
    row.dataset.seq = String(item.seq);
    return row;
  }
}

/** Who or what leads, as bars; the order changes at most once in ten seconds, so that one can read it. */
export class Leaders {
  readonly root: HTMLElement;
  readonly #list = el("ol");
  #order: string[] = [];
  #orderedAt = -Infinity;

  constructor(
    label: string,
    private readonly hueOf: (key: string) => number | null,
    private readonly nameOf: (key: string, label: string) => string = (_, label) => label,
  ) {
    this.root = el("section", "leaders", el("h2", "", label), this.#list);
  }

  tell(all: Map<string, Leader>, room: number, now: number): void {
    const ranked = [...all.values()].filter(({ count }) => count > 0).sort((one, other) => other.count - one.count || one.label.localeCompare(other.label));
    if (now - this.#orderedAt > 10_000 || this.#order.length < Math.min(room, ranked.length)) {
      this.#order = ranked.slice(0, room).map(({ key }) => key);
      this.#orderedAt = now;
    }
    const most = ranked[0]?.count ?? 1;
    const shown = this.#order.map((key) => ranked.find((leader) => leader.key === key)).filter((leader): leader is Leader => leader !== undefined);
    while (this.#list.children.length > shown.length) this.#list.lastChild!.remove();
    shown.forEach((leader, i) => {
      let row = this.#list.children[i] as HTMLElement | undefined;
      if (!row) {
        row = el("li", "", el("span", "label"), el("b"), el("div", "track", el("i")));
        this.#list.append(row);
      }
      write(row.children[0]!, this.nameOf(leader.key, leader.label));
      write(row.children[1]!, n(leader.count));
      const bar = row.querySelector("i")!;
      const hue = this.hueOf(leader.key);
      bar.style.width = `${(100 * leader.count) / most}%`;
      bar.style.background = hue === null ? "" : `var(--hue-${hue})`;
    });
    if (!shown.length && !this.#list.firstChild) this.#list.append(el("li", "empty", t.nothingToday));
  }
}

/** How the wall is: always in the same place. */
export class StateLine {
  readonly root: HTMLElement;
  readonly #dot = el("i", "dot");
  readonly #word = el("b");
  readonly #more = el("span");
  readonly #place = el("p", "place");
  readonly #clock = el("time", "clock");

  constructor() {
    const state = el("p", "state", this.#dot, this.#word, this.#more);
    state.setAttribute("role", "status");
    this.root = el("footer", "line", state, this.#place, this.#clock);
  }

  tell(kind: "good" | "warn" | "bad" | "rings" | "wait", word: string, more: string): void {
    this.root.dataset.kind = kind;
    write(this.#word, word);
    write(this.#more, more ? `, ${more}` : "");
  }

  stands(event: string, view: string, time: string): void {
    const told = `${event}\n${view}`;
    if (this.#place.dataset.told !== told) {
      this.#place.dataset.told = told;
      this.#place.textContent = "";
      this.#place.append(el("b", "", event), view ? `, ${view}` : "");
    }
    write(this.#clock, time);
  }
}
