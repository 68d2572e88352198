// The words of shared views, of sharing and of files.

import en from "./en/shared";
import { words } from "./language.svelte";

export const t = words(en, { de: () => import("./de/shared") });
