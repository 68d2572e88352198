// A pointer in use over the list: what lies under it must not move. One that
// merely lies there says nothing, so that a screen nobody stands at goes on.

/** So long without any hand on the page, and whoever pointed has walked away. */
const IDLE_MS = 60_000;
const USED = ["pointermove", "pointerdown", "keydown", "wheel", "touchmove"] as const;

export class Pointing {
  /** True while a pointer that is in use is over the list. */
  on = $state(false);
  #usedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Listens for hands on the page; what it returns ends that. */
  watch(): () => void {
    const used = () => (this.#usedAt = Date.now());
    const left = () => this.leave();
    for (const what of USED) document.addEventListener(what, used, { passive: true });
    addEventListener("blur", left);
    document.addEventListener("visibilitychange", left);
    return () => {
      clearTimeout(this.#timer);
      for (const what of USED) document.removeEventListener(what, used);
      removeEventListener("blur", left);
      document.removeEventListener("visibilitychange", left);
    };
  }

  /** It moved or was pressed; lying there while the page opens is not enough. */
  move(): void {
    this.#usedAt = Date.now();
    if (this.on) return;
    this.on = true;
    this.#look();
  }

  leave(): void {
    this.on = false;
    clearTimeout(this.#timer);
  }

  #look(): void {
    const rest = this.#usedAt + IDLE_MS - Date.now();
    if (rest <= 0) return this.leave();
    this.#timer = setTimeout(() => this.#look(), rest);
  }
}
