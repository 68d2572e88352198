// The words of the first picture. What is read late has words of its own: `chart`, `parts`, `rooms`.

import en from "./en/page";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/page") });
