// The screens beside Partner Activity, as one file of their own: who opens that one does not wait for these.

export { default as Nowhere } from "../parts/Nowhere.svelte";
export { default as Campaigns } from "./Campaigns.svelte";
export { default as Events } from "./Events.svelte";
export { default as Message } from "./Message.svelte";
export { default as Messages } from "./Messages.svelte";
export { default as Overview } from "./Overview.svelte";
export { default as Partners } from "./Partners.svelte";
export { default as SignIn } from "./SignIn.svelte";
