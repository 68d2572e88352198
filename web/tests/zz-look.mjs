// node tests/zz-look.mjs SPEC.mjs : default export async ({server, browser, shot, open})
import { readFileSync } from "node:fs";
import { activityPath, Browser, sealed, until } from "./browser.mjs";
const server = JSON.parse(readFileSync("/tmp/hands/server.json"));
server.post = (draft) => fetch(server.url + "/v1/activities", { method: "POST", headers: { authorization: `Bearer ${server.key}`, "content-type": "application/json" }, body: JSON.stringify(draft) }).then((r) => r.json());
const browser = await Browser.start();
async function open({ path = activityPath(), width = 1280, height = 800, scheme = "light", media = {} } = {}) {
  const page = await browser.open(server, path);
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce", ...media });
  if (path.includes("/activity")) { await sealed(page); await page.locator("article").first().waitFor({ timeout: 3000 }).catch(() => {}); }
  return page;
}
async function shot(name, spec = {}, act) {
  const page = await open(spec);
  try { await act?.(page); if (!spec.keep) await page.mouse.move(0, 0); await page.waitForTimeout(300); } catch (e) { console.log(name, String(e)); }
  await page.screenshot({ path: `/tmp/hands/${name}.png`, scale: "css" });
  if (page.faults.length) console.log(name, page.faults);
  await page.close();
}
try { await (await import(process.argv[2])).default({ server, browser, shot, open, activityPath, sealed, until }); } finally { await browser.end(); }
