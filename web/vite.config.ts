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
    // Parts that are read late are read ahead by the page itself: lists of what each needs would be a part of the first picture.
    modulePreload: { polyfill: false, resolveDependencies: (_, files, { hostType }) => (hostType === "js" ? files.filter((file) => file.endsWith(".css")) : files) },
    reportCompressedSize: true,
  },
  // A machine may be busy; no test is about how long it takes.
  test: { include: ["src/**/*.test.ts"], testTimeout: 60_000 },
  server: {
    proxy: {
      "/v1": { target: server, ws: true, changeOrigin: true },
      "/signin": { target: server },
    },
  },
});
