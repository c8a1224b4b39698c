import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server hands out everything under /_/ as immutable: names carry a hash of what is in them.
// `/assets` is a page, so the files cannot lie there.
export default defineConfig({
  plugins: [react()],
  base: "/",
  build: {
    outDir: "../assetflow/web/static",
    emptyOutDir: true,
    assetsDir: "_",
    target: "es2022",
    sourcemap: false,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
    assetsInlineLimit: 0, // the content security policy allows no data: URLs but for pictures
  },
  worker: { format: "es" },
  server: {
    proxy: { "/api": { target: process.env["ASSETFLOW_SERVER"] ?? "http://127.0.0.1:8642", changeOrigin: true } },
  },
});
