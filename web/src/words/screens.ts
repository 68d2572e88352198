// The words of walls and screens at the desk.

import en from "./en/screens";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/screens") });
