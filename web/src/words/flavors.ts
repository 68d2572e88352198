// What activities of a flavor are called. In English that is what the server says; of the standard set another language has names.

import { words } from "./language.svelte";

type Names = { readonly [key: string]: string };
const known = words<{ standard: Names; names: Names }>({ standard: {}, names: {} }, { de: () => import("./de/flavors") });

/** The label of the server in the language that is chosen; one that a workspace gave stays as it is. */
export const flavorName = (key: string, label: string): string => (known.standard[key] === label ? (known.names[key] ?? label) : label);
