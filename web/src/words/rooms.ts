// The words of the screens beside Partner Activity.

import en from "./en/rooms";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/rooms") });
