// What an entry of the browser's history remembers, so that Undo knows how far it can go back.

/** Browsers keep some 50 entries. */
const UNDO_MAX = 45;

export interface Step {
  /** Changes of what is shown that lie right behind this entry. */
  steps: number;
  /** What was shown before the last of them. */
  from: string;
}

export const nextStep = (from: string): Step => ({ steps: Math.min(((history.state as Step | null)?.steps ?? 0) + 1, UNDO_MAX), from });
