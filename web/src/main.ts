import { mount } from "svelte";
import App from "./App.svelte";
import { keepWatch } from "./lib/away";
import { language } from "./words/language.svelte";
import "./tokens.css";
import "./base.css";

// In another language than English its words come first.
// A shared view is a page of its own: it knows nothing of the desk.
const page = location.pathname === "/s" ? import("./screens/Shared.svelte") : { default: App };
void Promise.all([page, language.settled()]).then(([page]) => mount(page.default, { target: document.getElementById("app")! }));
// After the page itself: it is not to wait for this.
addEventListener("load", keepWatch);
