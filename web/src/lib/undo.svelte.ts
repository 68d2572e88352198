// What was just done and can be taken back, the last one first.

import { directory } from "./directory.svelte";

/** More than anybody goes back. */
const STEPS_MAX = 20;

interface Step {
  /** As in "Deleted Acme Inc", in the language of the moment. */
  said: () => string;
  back(): Promise<void>;
  /** As in "Acme Inc is back". */
  done: () => string;
}

class Undo {
  #steps = $state.raw<Step[]>([]);
  problem = $state.raw<unknown>(null);
  /** For ears: what was taken back. */
  said = $state.raw<(() => string) | null>(null);
  busy = $state(false);

  get last(): Step | undefined {
    return this.#steps.at(-1);
  }

  offer(said: () => string, back: () => Promise<void>, done: () => string): void {
    this.problem = this.said = null;
    this.#steps = [...this.#steps, { said, back, done }].slice(-STEPS_MAX);
  }

  async take(): Promise<void> {
    const step = this.last;
    if (!step || this.busy) return;
    this.busy = true;
    this.problem = null;
    try {
      await step.back();
      this.said = step.done;
      this.#steps = this.#steps.filter((one) => one !== step);
    } catch (error) {
      this.problem = error;
    } finally {
      this.busy = false;
    }
  }

  forget(): void {
    this.#steps = [];
    this.problem = this.said = null;
  }
}

export const undo = new Undo();
directory.left.push(() => undo.forget());
