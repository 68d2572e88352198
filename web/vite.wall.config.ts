import { defineConfig } from "vite";

// The page of a wall: a build of its own beside the other, for the browsers of television sets and small players.
export default defineConfig({
  publicDir: false,
  build: {
    target: ["es2019", "chrome79"],
    cssTarget: "chrome79",
    emptyOutDir: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: "wall.html",
      output: { entryFileNames: "assets/wall-[hash].js", assetFileNames: "assets/wall-[hash][extname]" },
    },
  },
});
