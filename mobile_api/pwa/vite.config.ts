import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { buildId } from "./tools/build-id.mjs";

// Everything is served below /m/, same-origin, under a policy without inline script or style.
export default defineConfig({
  base: "/m/",
  plugins: [svelte()],
  define: { __BUILD__: JSON.stringify(buildId()) },
  build: {
    target: "es2022",
    cssTarget: "chrome80",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    sourcemap: false,
    reportCompressedSize: false,
  },
  test: { include: ["src/**/*.test.ts"], environment: "node", testTimeout: 20_000 },
});
