// The words of the audit.

import en from "./en/audit";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/audit") });
