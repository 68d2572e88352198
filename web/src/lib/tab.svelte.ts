// What the title of the tab says before its name: "(12) " of what is new, "Offline: ". Who sets it is read late (`titled.ts`).

export const tab = $state({ mark: "" });
