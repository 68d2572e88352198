// The screens of the workspace, which belong to no event.

export { default as account } from "./Account.svelte";
export { default as alerts } from "./Alerts.svelte";
export { default as audit } from "./Audit.svelte";
export { default as members } from "./Members.svelte";
export { default as screens } from "./Screens.svelte";
export { default as system } from "./System.svelte";
export { default as webhooks } from "./Webhooks.svelte";
