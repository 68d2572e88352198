// Compressed siblings of what was built, so that the server only picks one.

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const SMALLEST = 512;

for (const name of readdirSync(DIST, { recursive: true })) {
  const path = join(DIST, name);
  if (!statSync(path).isFile() || !/\.(js|css|html|svg)$/.test(name)) continue;
  const bytes = readFileSync(path);
  if (bytes.length < SMALLEST) continue;
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}
