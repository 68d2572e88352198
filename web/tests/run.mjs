// Runs the browser tests, one file after the other: they share two cores with a browser and a server.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(folder).filter((name) => name.endsWith(".test.mjs") && (!wanted.length || wanted.some((w) => name.includes(w))));
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", "--test-timeout=900000", ...files.map((name) => folder + name)], { stdio: "inherit" });
process.exit(status ?? 1);
