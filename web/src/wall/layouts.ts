// The layouts of a wall: parts in their places, told once a second and with whatever comes.

import { flavorLook } from "../lib/looks";
import { fill, flavorName, n, t } from "../words/wall";
import { Chart, course } from "./chart";
import { el } from "./dom";
import { Counter, Leaders, Rows } from "./parts";
import { MINUTE, MINUTES, type Picture } from "./picture";
import type { Wall } from "./task";

export interface Layout {
  readonly root: HTMLElement;
  /** Draws what there is now, or was when the connection was lost: `end` is what the bars end with. */
  tell(now: number, end: string): void;
}

/** Rows of a feed by its size: a size changes how many there are, and never squeezes one. */
const ROWS = { m: 12, l: 9, xl: 8 };
const ROWS_PORTRAIT = { m: 16, l: 12, xl: 10 };
const LEADERS = { m: 7, l: 6, xl: 5 };

class Counters {
  readonly today = new Counter(t.today, "first");
  readonly hour = new Counter(t.lastHour, "second");
  readonly minutes = new Counter(t.lastMinutes, "second");
  readonly partners = new Counter(t.partners, "second");

  tell(picture: Picture): void {
    const before = (value: number, message: string): [string, string] => [fill(message, { count: n(value) }), n(value)];
    const yesterday: [string, string] = picture.yesterday === null ? ["", ""] : before(picture.yesterday, t.yesterday);
    this.today.tell(picture.today, ...yesterday);
    this.hour.tell(picture.within(60), ...before(picture.within(60, 60), t.hourBefore));
    this.minutes.tell(picture.within(5), ...before(picture.within(5, 5), t.minutesBefore));
    this.partners.tell(picture.active, t.sinceMidnight);
  }

  get all(): HTMLElement[] {
    return [this.today, this.hour, this.minutes, this.partners].map(({ root }) => root);
  }
}

export class Feed implements Layout {
  readonly root: HTMLElement;
  readonly #counters = new Counters();
  readonly #chart = new Chart();
  readonly #rows: Rows;

  constructor(
    private readonly picture: Picture,
    private readonly wall: Wall,
  ) {
    this.#rows = new Rows(picture.zone, wall.mask === "names");
    const middle = wall.size === "xl" ? [this.#rows.root] : [this.#chart.root, this.#rows.root];
    this.root = el("div", `feed size-${wall.size}`, el("div", "counters", ...this.#counters.all), el("div", "middle", ...middle));
  }

  tell(now: number, end: string): void {
    this.#counters.tell(this.picture);
    if (this.wall.size !== "xl") this.#chart.draw(this.picture, now, end);
    this.#rows.tell(this.picture.rows, (innerHeight > innerWidth ? ROWS_PORTRAIT : ROWS)[this.wall.size]);
  }
}

export class Numbers implements Layout {
  readonly root: HTMLElement;
  readonly #counters = new Counters();
  readonly #courses = [0, 1, 2].map(() => document.createElement("canvas"));
  readonly #partners = new Leaders(t.topPartners, () => null);
  readonly #flavors = new Leaders(t.topFlavors, (key) => flavorLook(key).hue, flavorName);
  readonly #rows: Rows;

  constructor(
    private readonly picture: Picture,
    private readonly wall: Wall,
  ) {
    const masked = wall.mask === "names";
    this.#rows = new Rows(picture.zone, masked);
    const [today, hour, minutes, partners] = this.#counters.all as [HTMLElement, HTMLElement, HTMLElement, HTMLElement];
    today.append(this.#courses[2]!);
    hour.append(this.#courses[0]!);
    minutes.append(this.#courses[1]!);
    // Under that mask every partner has one name: a list of them tells nothing.
    const lists = [...(masked ? [] : [this.#partners.root]), this.#flavors.root, el("section", "newest", el("h2", "", t.newest), this.#rows.root)];
    this.root = el("div", `numbers size-${wall.size}`, el("div", "counters", today, hour, minutes, partners), el("div", "lists", ...lists));
  }

  tell(now: number): void {
    this.#counters.tell(this.picture);
    const last = Math.floor(now / MINUTE);
    const minute = (ago: number): number => this.picture.stack(last - ago).reduce((sum, count) => sum + count, 0);
    const values = Array.from({ length: MINUTES / 2 }, (_, i) => minute(MINUTES / 2 - 1 - i));
    course(this.#courses[0]!, values);
    course(this.#courses[1]!, values.slice(-15));
    course(this.#courses[2]!, this.picture.hours);
    const room = LEADERS[this.wall.size];
    this.#partners.tell(this.picture.partners, room, now);
    this.#flavors.tell(this.picture.flavors, room, now);
    this.#rows.tell(this.picture.rows, room);
  }
}
