// The end of a build: version.json, a compressed copy beside each text file, and the size of the first load.
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { buildId, files } from "./build-id.mjs";
import { DIST } from "./precache.mjs";

const LIMIT_KB = 90;
const TEXT = /\.(js|css|html|svg|json|webmanifest)$/;

writeFileSync(join(DIST, "version.json"), JSON.stringify({ build: buildId() }) + "\n");
const sizes = {};
for (const file of files(DIST)) {
  const name = relative(DIST, file);
  if (!TEXT.test(name) || name === "version.json") continue;
  const small = gzipSync(readFileSync(file), { level: 9 });
  writeFileSync(`${file}.gz`, small);
  sizes[name] = small.length;
}
const page = readFileSync(join(DIST, "index.html"), "utf8");
const first = Object.keys(sizes).filter((name) => /\.(js|css)$/.test(name) && page.includes(name));
const bytes = first.reduce((sum, name) => sum + sizes[name], 0);
writeFileSync(join(DIST, "size.json"), JSON.stringify({ first_load_bytes: bytes, limit_bytes: LIMIT_KB * 1024, files: sizes }, null, 1) + "\n");
console.log(`first load: ${(bytes / 1024).toFixed(1)} KB compressed JavaScript and CSS (limit ${LIMIT_KB} KB)`);
if (bytes > LIMIT_KB * 1024) {
  console.error("too large");
  process.exit(1);
}
