import { mount } from "svelte";
import App from "./App.svelte";
import { keepWatch } from "./lib/away";
import { language } from "./words/language.svelte";
import "./tokens.css";
import "./base.css";

// In another language than English its words come first.
void language.settled().then(() => mount(App, { target: document.getElementById("app")! }));
// After the page itself: it is not to wait for this.
addEventListener("load", keepWatch);
