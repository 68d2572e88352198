// Screenshots of the main states into web/shots/, for the README and for whoever judges: node tests/shots.mjs
// Two that are committed (light and dark) are kept; the rest is for looking.

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { activityPath, Browser, sealed, until } from "./browser.mjs";
import { Server } from "./server.mjs";

const FOLDER = fileURLToPath(new URL("../shots/", import.meta.url));
const MINUTES = 170;
const FILTER = "partner=acme&partner=globex&partner=initech&flavor=message.*&not.browser=Safari";
mkdirSync(FOLDER, { recursive: true });

const server = await Server.start();
const browser = await Browser.start();

const PARTNERS = ["Acme Inc", "Globex", "Initech", "Hooli", "Umbrella Trading", "Stark Fabrication", "Wayne Logistics", "Soylent Foods", "Vandelay Industries", "Wonka Confectionery", "Cyberdyne Systems", "Oscorp Instruments", "Nakatomi Trading", "Massive Dynamic", "Aperture Labs", "شركة النور للتجارة", "Extraordinarily Long Company Name For Exhibitions GmbH & Co. KG"];
/** The first word; the well-known partners of every test furnish keep their keys that way. */
const key = (name) => name.toLowerCase().replace(/[^a-z0-9 ]+/g, "").trim().split(" ")[0] || "noor";
const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
];
const WHAT = [
  ["message.opened", { message: "welcome" }],
  ["dashboard.viewed", {}],
  ["content.shared", { campaign: "spring" }],
  ["invite.email_sent", { campaign: "spring" }],
  ["message.link_clicked", { message: "booth" }],
  ["registration.completed", { campaign: "vip" }],
  ["page.viewed", {}],
  ["content.downloaded", {}],
];
let seed = 7;
const random = () => ((seed = (seed * 48271) % 2147483647), seed / 2147483647);
const pick = (list) => list[Math.floor(random() * list.length)];

async function furnish() {
  await server.furnish();
  await server.call("PUT", "/v1/events/summit-27", { name: "Summit 27" });
  for (const [i, name] of PARTNERS.entries()) {
    await server.call("PUT", `/v1/events/expo-2026/partners/${key(name)}`, { name, email: `hello@${key(name)}.example`, company: name, tags: [i % 2 ? "silver" : "gold"] });
  }
  await server.call("PUT", "/v1/events/expo-2026/messages/welcome", { subject: "Welcome to Expo 2026" });
  await server.call("PUT", "/v1/events/expo-2026/messages/booth", { subject: "Your booth card is ready" });
  await server.call("PUT", "/v1/events/expo-2026/campaigns/vip", { name: "VIP evening" });
  const times = Array.from({ length: 900 }, () => Date.now() - random() ** 1.4 * MINUTES * 60_000).sort((a, b) => a - b);
  const one = (at) => {
    const [flavor, more] = pick(WHAT);
    return { event: "expo-2026", partner: key(pick(PARTNERS)), flavor, ...more, user_agent: pick(AGENTS), occurred_at: new Date(at).toISOString(), source_url: "https://expo.example/dashboard/booth", referrer_url: "https://mail.example/inbox", properties: { hall: "7B", visitors: 12 } };
  };
  await server.post(times.map(one));
  for (let i = 0; i < 60; i++) await server.post(one(Date.now() - i));
}

async function shot(name, { path = activityPath(), width = 1280, height = 800, scheme = "light", scale = 1, act } = {}) {
  const page = await browser.open(server, path);
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
  if (path.includes("/activity")) await sealed(page);
  else await page.waitForLoadState("networkidle");
  await act?.(page);
  await page.mouse.move(0, 0);
  await until(() => page.evaluate(() => document.querySelector(".stale") === null), Boolean, "the chart");
  await page.screenshot({ path: `${FOLDER}${name}.png`, scale: scale === 1 ? "css" : "device" });
  await page.close();
}

/** A wall as a screen shows it, in the middle of what happens. */
async function wallShot(name, wall, width = 1920, height = 1080) {
  await server.call("PUT", "/v1/views/expo", { name: "All activities", event: "expo-2026" });
  await server.call("PUT", "/v1/walls/hall", { name: "Hall", views: ["expo"], language: "en", ...wall });
  const { url } = await server.call("POST", "/v1/walls/hall/screens", { name: "Stage left" });
  const page = await browser.open(server, new URL(url).pathname + new URL(url).hash, null);
  await page.setViewportSize({ width, height });
  await page.locator(".row").first().waitFor();
  await page.getByText("connection tested").waitFor();
  await page.screenshot({ path: `${FOLDER}${name}.png` });
  await page.close();
}

const details = async (page) => {
  await page.getByRole("button", { name: /^Details of/ }).first().click();
  await page.locator(".drawer").waitFor();
};
const openPicker = (name) => async (page) => {
  await page.getByRole("button", { name }).click();
  await page.locator(".value .count", { hasText: /\d/ }).first().waitFor();
};

try {
  await furnish();
  await shot("activity-light");
  await shot("activity-dark", { scheme: "dark", path: activityPath(FILTER), act: details });
  await shot("details-light", { act: details });
  await shot("filters-light", { path: activityPath("partner=acme"), act: openPicker(/^Partners/) });
  await shot("filters-more-dark", { scheme: "dark", act: openPicker(/^More filters/) });
  await shot("paused-light", {
    act: async (page) => {
      await page.getByRole("button", { name: "Pause" }).click();
      await server.post({ event: "expo-2026", partner: "acme", flavor: "page.viewed" });
      await page.getByText("Paused, 1 waiting").waitFor();
    },
  });
  await shot("phone-light", { width: 390, height: 844 });
  await shot("phone-dark-details", { width: 390, height: 844, scheme: "dark", act: details });
  await shot("phone-small", { width: 360, height: 640, path: activityPath(FILTER) });
  await shot("tablet-dark", { width: 768, height: 1024, scheme: "dark", path: activityPath(FILTER) });
  await shot("wide-light", { width: 1920, height: 1080, act: details });
  await shot("4k-dark", { width: 3840, height: 2160, scheme: "dark" });
  await shot("nothing-light", { path: activityPath("partner=quiet") });
  await shot("first-use-light", { path: "/events/summit-27/activity", act: (page) => page.getByText("Make a key and show the line").waitFor() });
  await shot("keys-light", { act: (page) => page.keyboard.press("?") });
  await shot("partners-light", { path: "/events/expo-2026/partners" });
  await shot("messages-dark", { path: "/events/expo-2026/messages", scheme: "dark" });
  await shot("overview-light", { path: "/events/expo-2026" });
  await shot("events-light", { path: "/" });
  await shot("many-chosen-light", { path: activityPath(PARTNERS.map((p) => `partner=${key(p)}`).join("&")) });
  await wallShot("wall-feed", {});
  await wallShot("wall-numbers-light", { layout: "numbers", theme: "light" });
  await wallShot("wall-portrait-names", { mask: "names", theme: "light", size: "m" }, 1080, 1920);
  await shot("screens-light", { path: "/screens" });
  await server.call("PUT", "/v1/alerts/opens", { name: "Opens stopped", view: "all-opens", when: { silent_s: 10 }, note: "Call the mail provider." });
  await server.call("PUT", "/v1/alerts/registrations", { name: "No registrations", view: "all-registrations", when: { silent_s: 900 } });
  await server.call("PUT", "/v1/alerts/rush", { name: "Rush at the doors", view: "all-activities", when: { count: 1500, within_s: 14400 } });
  await server.call("PUT", "/v1/alerts/server", { name: "The server is broken", when: { pulse: true } });
  await until(async () => (await server.call("GET", "/v1/alerts/opens")).state, (state) => state === "firing", "it rings");
  await shot("alerts-light", { path: "/alerts", act: (page) => page.getByText("Nobody is on it").waitFor() });
  await shot("system-dark", { path: "/system", scheme: "dark", act: (page) => page.getByRole("heading", { level: 1 }).waitFor() });
  const page = await browser.open(server, activityPath());
  await page.locator('[data-state="live"]').waitFor();
  await server.down();
  await page.locator('[data-state="offline"]').waitFor();
  await page.screenshot({ path: `${FOLDER}offline-light.png` });
  await page.close();
  await server.up();
  await browser.context.clearCookies();
  const out = await browser.open(server, "/signin", null);
  await out.getByRole("heading", { name: "Sign in" }).waitFor();
  await out.screenshot({ path: `${FOLDER}sign-in-light.png` });
} finally {
  await browser.end();
  await server.end();
}
