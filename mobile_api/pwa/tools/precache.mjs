import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { files } from "./build-id.mjs";

export const DIST = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
// The worker itself and what must always come from the network are never precached.
const NOT = /(^|\/)(sw\.js|kill\.js|version\.json)$|\.gz$/;

/** The addresses of everything the app needs to start without a network; "/m/" is the page itself. */
export function precache() {
  const found = files(DIST)
    .map((file) => relative(DIST, file).replaceAll("\\", "/"))
    .filter((name) => name !== "index.html" && !NOT.test(name))
    .sort();
  return ["/m/", ...found.map((name) => `/m/${name}`)];
}
