// The words of webhooks.

import en from "./en/webhooks";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/webhooks") });
