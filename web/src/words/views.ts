// The words of views.

import en from "./en/views";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/views") });
