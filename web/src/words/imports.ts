// The words of imports of partner lists.

import en from "./en/imports";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/imports") });
