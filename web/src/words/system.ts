// The words of the system.

import en from "./en/system";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/system") });
