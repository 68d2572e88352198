// What stands in the navigation beside the screens of an event.

export { default as Desk } from "./Desk.svelte";
export { default as Views } from "./ViewList.svelte";
