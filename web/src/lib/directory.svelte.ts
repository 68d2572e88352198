// The names of things: the events of the workspace, and what the open event
// holds. Names are laid over activities by key, so a renamed partner is right
// everywhere at once.

import { type Activity, fold } from "../feed";
import { api, type EventItem, type Flavor, type Message, type Named, type Partner, Problem } from "./api";
import { Listing } from "./listing.svelte";

/** What the server says of the event in the address; "unknown" until it has answered. */
export type Standing = "unknown" | "here" | "missing" | "forbidden";

const AGAIN_MS = 1_000;

class Directory {
  /** Hear that another event is open, or nobody is signed in. */
  readonly left: (() => void)[] = [];
  /** Hear of what changed that is in none of these lists. */
  readonly heard: ((what: string, keys: string[] | null) => void)[] = [];
  /** The open event, whose lists these are. */
  event = $state<string | null>(null);
  flavors = $state.raw<Flavor[] | null>(null);
  /** The lists themselves, for who reads on, puts and drops. */
  readonly list = {
    events: new Listing<EventItem>({ page: (after) => api.events(after), one: (key) => api.event(key), key: keyOf }),
    partners: new Listing<Partner>({ page: (after) => api.partners(this.#open, after), one: (key) => api.partner(this.#open, key), key: keyOf }),
    messages: new Listing<Message>({ page: (after) => api.messages(this.#open, after), one: (key) => api.message(this.#open, key), key: keyOf }),
    campaigns: new Listing<Named>({ page: (after) => api.campaigns(this.#open, after), one: (key) => api.campaign(this.#open, key), key: keyOf }),
  };
  #standing = $state<Standing>("unknown");
  #looked = $state.raw<EventItem | null>(null);
  #flavors = $derived(new Map((this.flavors ?? []).map((flavor) => [flavor.key, flavor])));
  #again: ReturnType<typeof setTimeout> | undefined;
  /** Rises with each question and whenever what was asked for is no longer wanted: an answer counts for its own turn. */
  #look = 0;
  #names = 0;

  get events(): EventItem[] | null {
    return this.list.events.items;
  }
  get partners(): Partner[] | null {
    return this.list.partners.items;
  }
  get messages(): Message[] | null {
    return this.list.messages.items;
  }
  get campaigns(): Named[] | null {
    return this.list.campaigns.items;
  }

  open(event: string | null): void {
    if (event === this.event) return;
    this.event = event;
    this.#close();
    void this.look();
  }

  /** Nobody is signed in: what the last one could read is not for the next. */
  forget(): void {
    this.#close();
    this.list.events.forget();
    this.#names++;
    this.flavors = null;
  }

  /** Asks whether the open event is there, unless that is known. */
  async look(): Promise<void> {
    const { event } = this;
    if (event === null || this.standing(event) === "here") return;
    const turn = ++this.#look;
    const found = await api.event(event).catch((error: unknown) => (error instanceof Problem ? error : new Problem(0, "unknown", "")));
    if (turn !== this.#look) return;
    if (!(found instanceof Problem)) {
      this.#looked = found;
      this.#standing = "here";
    } else if (found.status === 403) this.#standing = "forbidden";
    else if (found.status === 404 || found.status === 400) this.#standing = "missing";
    // A server that cannot answer now says nothing about the event: its screens tell what is the matter.
    else if (found.status !== 401) this.#standing = "here";
  }

  standing(event: string): Standing {
    if (this.list.events.get(event)) return "here";
    return event === this.event ? this.#standing : "unknown";
  }

  /** The open event as last read. */
  get record(): EventItem | null {
    return this.event === null ? null : (this.list.events.get(this.event) ?? this.#looked);
  }

  loadEvents(): Promise<void> {
    return this.list.events.load();
  }

  /** Reads the open event again: how many partners it has. */
  async loadEvent(): Promise<void> {
    const { event } = this;
    if (event === null) return;
    const turn = this.#look;
    const put = this.list.events.hand();
    const found = await api.event(event);
    put(found);
    if (turn !== this.#look) return;
    this.#looked = found;
    this.#standing = "here";
  }

  async loadPartners(): Promise<void> {
    await Promise.all([this.list.partners.load(), this.loadEvent()]);
  }

  loadMessages(): Promise<void> {
    return this.list.messages.load();
  }

  loadCampaigns(): Promise<void> {
    return this.list.campaigns.load();
  }

  async loadFlavors(): Promise<void> {
    const turn = ++this.#names;
    const flavors = await api.flavors();
    if (turn === this.#names) this.flavors = flavors;
  }

  /** What a filter chooses from. One list that cannot be had does not keep the others. */
  async loadAll(): Promise<void> {
    await Promise.allSettled([
      this.list.partners.load(),
      this.loadMessages(),
      this.loadCampaigns(),
      this.flavors ? null : this.loadFlavors(),
    ]);
  }

  /** The server says that names changed: of `expo-2026`, or of `expo-2026/acme`; null is more than it names. */
  changed(what: string, keys: string[] | null): void {
    const { events, partners, messages, campaigns } = this.list;
    if (what === "event") {
      if (keys === null) void this.loadEvents().catch(() => {});
      else for (const key of keys) events.want(key, true);
      return;
    }
    const list = what === "partner" ? partners : what === "message" ? messages : what === "campaign" ? campaigns : null;
    if (!list) this.heard.forEach((hear) => hear(what, keys));
    if (!list || this.#open === "") return;
    // What cannot be read now is read when its screen is opened; the old names stay.
    if (keys === null) return void list.load().catch(() => {});
    for (const key of keys) {
      const [event = "", inner = ""] = key.split("/", 2);
      if (fold(event) === fold(this.#open)) list.want(inner, true);
    }
  }

  /** Reads again what has been read: it may be old. What cannot be read now is read when its screen is opened. */
  readAgain(): void {
    for (const list of Object.values(this.list)) if (list.items !== null) void list.load().catch(() => {});
  }

  /** An activity of the open event came: whom and what it names belongs to the lists. */
  met({ partner, message, campaign, flavor }: Activity): void {
    if (!this.partner(partner.key)) this.list.partners.want(partner.key);
    if (message && !this.message(message.key)) this.list.messages.want(message.key);
    if (campaign && !this.campaign(campaign.key)) this.list.campaigns.want(campaign.key);
    if (this.flavors && !this.flavor(flavor.key)) {
      this.#again ??= setTimeout(() => {
        this.#again = undefined;
        // What cannot be read now is read with the next one; the old names stay.
        this.loadFlavors().catch(() => {});
      }, AGAIN_MS);
    }
  }

  /** How many partners the open event has, the ones that are not read included. */
  get partnersTotal(): number {
    const { partners } = this.list;
    const held = partners.items?.length ?? 0;
    return partners.whole ? held : Math.max(held, this.record?.partners ?? 0);
  }

  eventName(key: string): string {
    const { record } = this;
    return this.list.events.get(key)?.name ?? (record && fold(record.key) === fold(key) ? record.name : key);
  }
  partner(key: string): Partner | undefined {
    return this.list.partners.get(key);
  }
  message(key: string): Message | undefined {
    return this.list.messages.get(key);
  }
  campaign(key: string): Named | undefined {
    return this.list.campaigns.get(key);
  }
  flavor(key: string): Flavor | undefined {
    return this.#flavors.get(key);
  }

  get #open(): string {
    return this.event ?? "";
  }

  #close(): void {
    this.left.forEach((hear) => hear());
    this.#look++;
    this.#standing = "unknown";
    this.#looked = null;
    this.list.partners.forget();
    this.list.messages.forget();
    this.list.campaigns.forget();
  }
}

const keyOf = (item: { key: string }): string => item.key;

export const directory = new Directory();
