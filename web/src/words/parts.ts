// The words of what is read late beside and over the list.

import en from "./en/parts";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/parts") });
