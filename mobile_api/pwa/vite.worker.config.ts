import { defineConfig } from "vite";
import { buildId } from "./tools/build-id.mjs";
import { precache } from "./tools/precache.mjs";

// The service worker: one file of its own at /m/sw.js, which knows what the app's build made.
export default defineConfig({
  base: "/m/",
  publicDir: false,
  define: { __BUILD__: JSON.stringify(buildId()), __PRECACHE__: JSON.stringify(precache()) },
  build: {
    target: "es2022",
    emptyOutDir: false,
    reportCompressedSize: false,
    rollupOptions: {
      input: "src/worker/sw.ts",
      output: { format: "iife", entryFileNames: "sw.js" },
    },
  },
});
