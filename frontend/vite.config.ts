import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { loadEnv, type Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Serves the mock's service worker straight from its package, so that it never reaches a build. */
function mockWorker(): Plugin {
  return {
    name: "mock-worker",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use("/mockServiceWorker.js", (_request, response) => {
        const file = new URL("./node_modules/msw/lib/mockServiceWorker.js", import.meta.url);
        response.setHeader("Content-Type", "text/javascript");
        response.end(readFileSync(file));
      });
    },
  };
}

export default defineConfig(({ mode }) => {
  const backend = loadEnv(mode, process.cwd(), "HEADWAY_")["HEADWAY_WEB_URL"] ?? "http://127.0.0.1:8400";
  return {
    plugins: [react(), ...(mode === "mock" ? [mockWorker()] : [])],
    resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
    server: {
      host: "127.0.0.1",
      port: 5173,
      proxy:
        mode === "mock" ? undefined : { "^/(api|_allauth|health|accounts)/": { target: backend, changeOrigin: false } },
    },
    build: { target: "es2022", sourcemap: false, manifest: true, chunkSizeWarningLimit: 700 },
    test: {
      environment: "jsdom",
      environmentOptions: { jsdom: { url: "http://127.0.0.1:3000" } },
      setupFiles: ["src/testing/setup.ts"],
      include: ["src/**/*.test.{ts,tsx}"],
      css: false,
      testTimeout: 15_000,
    },
  };
});
