// The names of things: the events of the workspace, and what the open event
// holds. Names are laid over activities by key, so a renamed partner is right
// everywhere at once.

import { fold } from "../feed";
import { api, type EventItem, type Flavor, type Message, type Named, type Partner } from "./api";

const byKey = <T extends { key: string }>(items: T[]): Map<string, T> =>
  new Map(items.map((item) => [fold(item.key), item]));

class Directory {
  events = $state.raw<EventItem[] | null>(null);
  /** The open event, whose lists these are. */
  event = $state<string | null>(null);
  partners = $state.raw<Partner[] | null>(null);
  messages = $state.raw<Message[] | null>(null);
  campaigns = $state.raw<Named[] | null>(null);
  flavors = $state.raw<Flavor[] | null>(null);
  #partners = $derived(byKey(this.partners ?? []));
  #messages = $derived(byKey(this.messages ?? []));
  #campaigns = $derived(byKey(this.campaigns ?? []));
  #flavors = $derived(byKey(this.flavors ?? []));
  #again: Record<string, ReturnType<typeof setTimeout>> = {};

  open(event: string | null): void {
    if (event === this.event) return;
    this.event = event;
    this.partners = this.messages = this.campaigns = null;
  }

  async loadEvents(): Promise<void> {
    this.events = await api.events();
  }

  async loadPartners(): Promise<void> {
    await this.#fill((e) => api.partners(e), (items) => (this.partners = items));
  }

  async loadMessages(): Promise<void> {
    await this.#fill((e) => api.messages(e), (items) => (this.messages = items));
  }

  async loadCampaigns(): Promise<void> {
    await this.#fill((e) => api.campaigns(e), (items) => (this.campaigns = items));
  }

  async loadFlavors(): Promise<void> {
    this.flavors = await api.flavors();
  }

  /** What a filter chooses from. One list that cannot be had does not keep the others. */
  async loadAll(): Promise<void> {
    await Promise.allSettled([
      this.loadPartners(),
      this.loadMessages(),
      this.loadCampaigns(),
      this.flavors ? null : this.loadFlavors(),
    ]);
  }

  /** A name changed, or somebody new came: read that list again, at most once a second. */
  changed(what: string): void {
    const load: Record<string, () => Promise<void>> = {
      event: () => this.loadEvents(),
      partner: () => this.loadPartners(),
      message: () => this.loadMessages(),
      campaign: () => this.loadCampaigns(),
      flavor: () => this.loadFlavors(),
    };
    const run = load[what];
    if (!run || this.#again[what]) return;
    this.#again[what] = setTimeout(() => {
      delete this.#again[what];
      // What cannot be read now is read with the next change; the old names stay.
      run().catch(() => {});
    }, 1_000);
  }

  eventName(key: string): string {
    return this.events?.find((e) => fold(e.key) === fold(key))?.name ?? key;
  }
  partner(key: string): Partner | undefined {
    return this.#partners.get(fold(key));
  }
  message(key: string): Message | undefined {
    return this.#messages.get(fold(key));
  }
  campaign(key: string): Named | undefined {
    return this.#campaigns.get(fold(key));
  }
  flavor(key: string): Flavor | undefined {
    return this.#flavors.get(key);
  }

  async #fill<T>(read: (event: string) => Promise<T>, set: (value: T) => void): Promise<void> {
    const { event } = this;
    if (event === null) return;
    const items = await read(event);
    if (event === this.event) set(items);
  }
}

export const directory = new Directory();
