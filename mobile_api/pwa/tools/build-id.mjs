import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const SOURCES = ["src", "public", "index.html", "package-lock.json", "vite.config.ts", "vite.worker.config.ts"];

/** The build's name: the version and a hash over every source, so that equal sources make equal builds. */
export function buildId() {
  const hash = createHash("sha256");
  for (const file of SOURCES.flatMap((name) => files(join(ROOT, name))).sort()) {
    hash.update(file.slice(ROOT.length)).update("\0").update(readFileSync(file)).update("\0");
  }
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return `${version}+${hash.digest("hex").slice(0, 10)}`;
}

/** Every file at or below `path`, tests excepted: they change no build. */
export function files(path) {
  if (!statSync(path, { throwIfNoEntry: false })) return [];
  if (statSync(path).isFile()) return /\.test\.ts$/.test(path) ? [] : [path];
  return readdirSync(path).flatMap((name) => files(join(path, name)));
}
