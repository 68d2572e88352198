// The words of the form that takes many partners at once.

import en from "./en/paste";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/paste") });
