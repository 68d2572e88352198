// The words of alerts and channels.

import en from "./en/alerts";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/alerts") });
