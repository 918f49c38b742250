/// <reference lib="webworker" />
/**
 * The service worker: the shell from its cache, everything else from the network. It keeps no data of anybody, and
 * deletes nothing but old shells; the one thing it does with the outbox is to send it when no page is open.
 */
import { sendWaiting } from "./send";

declare const self: ServiceWorkerGlobalScope;
declare const __PRECACHE__: readonly string[];

const PREFIX = "gocua-shell-";
const CACHE = PREFIX + __BUILD__;
const PAGE = "/m/";
const SHELL = new Set(__PRECACHE__);

self.addEventListener("install", (event) => {
  // All or nothing: a shell with a hole in it must never take over. `reload` goes past the HTTP cache.
  event.waitUntil(
    caches.open(CACHE).then((cache) => cache.addAll(__PRECACHE__.map((url) => new Request(url, { cache: "reload" })))),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(tidy().then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  // Only the page asks, when the person agreed and no visit is open.
  if (event.data === "take-over") void self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") {
    if (url.pathname === PAGE) event.respondWith(shell(PAGE, event.request));
  } else if (SHELL.has(url.pathname)) {
    event.respondWith(shell(url.pathname, event.request));
  } else if (url.pathname.startsWith("/m/assets/")) {
    // A tab of the build before still asks for its own files: they stay until no older cache is left.
    event.respondWith(caches.match(url.pathname).then((found) => found ?? fetch(event.request)));
  }
});

// Background Sync, where it exists: an open page sends; the worker does when there is none.
self.addEventListener("sync", (event) => {
  const { tag, waitUntil } = event as ExtendableEvent & { tag: string };
  if (tag === "gocua-outbox") waitUntil.call(event, send());
});

async function shell(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}

/** Keep this build's cache and the newest one before it, for tabs that still run it. */
async function tidy(): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)));
}

async function send(): Promise<void> {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  for (const page of pages) page.postMessage("sync");
  if (pages.length === 0) await sendWaiting();
}
