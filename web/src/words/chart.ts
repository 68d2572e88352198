// The words of the chart, which is read beside the list.

import en from "./en/chart";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/chart") });
