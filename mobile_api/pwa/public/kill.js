// The worker of last resort, served in place of sw.js while the operator says so: the shell comes from the network
// again. It deletes Cache Storage and nothing else: what was written on this phone is not its business.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.map((name) => caches.delete(name))))
      .then(() => self.registration.unregister())
      .then(() => self.clients.matchAll({ type: "window" }))
      .then((pages) => Promise.all(pages.map((page) => page.postMessage("killed")))),
  );
});
