// Which language the page speaks, and the words of the one that is chosen: English comes with what uses it, another one is read
// when it is wanted. Everything that stands on a screen hangs on what is kept here, so a choice changes the page as it stands.

import { type Texts, type Words } from "./say";

export type Code = "en" | "de";
/** Each in its own words; the tag is that of dates and numbers where the browser names no region. */
export const LANGUAGES: Record<Code, { name: string; tag: string }> = {
  en: { name: "English", tag: "en-GB" },
  de: { name: "Deutsch", tag: "de-DE" },
};

const KEPT = "language";
const browsers = (): readonly string[] => globalThis.navigator?.languages ?? [];
const codeOf = (tag: string): string => tag.slice(0, 2).toLowerCase();
const spoken = (tag: string | null): Code | undefined => (tag !== null && Object.hasOwn(LANGUAGES, codeOf(tag)) ? (codeOf(tag) as Code) : undefined);

type Others<T extends Words> = Record<Exclude<Code, "en">, () => Promise<{ default: Texts<T> }>>;

/** The words of one part of the page. */
class Sheet<T extends Words> {
  now = $state.raw<Words>({});

  constructor(
    private readonly en: T,
    private readonly others: Others<T>,
  ) {
    this.now = en;
  }

  /** Reads them in a language; what it returns has the page say them. */
  async read(code: Code): Promise<() => void> {
    const words: Words = code === "en" ? this.en : (await this.others[code]()).default;
    return () => (this.now = words);
  }
}

class Language {
  code = $state<Code>("en");
  /** As in de-AT, for dates and numbers. */
  tag = $derived(browsers().find((tag) => codeOf(tag) === this.code) ?? LANGUAGES[this.code].tag);
  readonly #sheets: Sheet<Words>[] = [];
  #wanted: Code = spoken(kept()) ?? browsers().map(spoken).find((code) => code !== undefined) ?? "en";
  #reading: Promise<unknown> = Promise.resolve();

  /** One more part of the page has words. */
  join<T extends Words>(en: T, others: Others<T>): Sheet<T> {
    const sheet = new Sheet(en, others);
    this.#sheets.push(sheet as unknown as Sheet<Words>);
    if (this.#wanted !== "en") this.#read([sheet as unknown as Sheet<Words>]);
    return sheet;
  }

  /** Until what was asked for is here; a language that cannot be read leaves the last one in place. */
  settled(): Promise<unknown> {
    return this.#reading;
  }

  async choose(code: Code): Promise<void> {
    this.#wanted = code;
    try {
      localStorage.setItem(KEPT, code);
    } catch {
      // Without storage it holds until the page is left.
    }
    this.#read(this.#sheets);
    await this.#reading;
  }

  #read(sheets: Sheet<Words>[]): void {
    const code = this.#wanted;
    this.#reading = Promise.all([this.#reading, ...sheets.map((sheet) => sheet.read(code))]).then(
      ([, ...says]) => {
        // Another one was chosen meanwhile.
        if (code !== this.#wanted) return;
        for (const say of says as (() => void)[]) say();
        this.code = code;
        if (globalThis.document) document.documentElement.lang = code;
      },
      () => {},
    );
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

export const language = new Language();

/** The words of a part of the page as they are in the language that is chosen. */
export function words<const T extends Words>(en: T, others: Others<T>): T {
  const sheet = language.join(en, others);
  return new Proxy(en, { get: (_, key) => sheet.now[key as string] }) as T;
}
