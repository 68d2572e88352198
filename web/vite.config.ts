import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// TIDINGS_URL points `npm run dev` at a running server, so that the page is
// developed against the real API and never against a mock.
const server = process.env.TIDINGS_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    // Inlined assets would need data: URLs in places the CSP does not allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  test: { include: ["src/**/*.test.ts"] },
  server: {
    proxy: {
      "/v1": { target: server, ws: true, changeOrigin: true },
      "/signin": { target: server },
    },
  },
});
