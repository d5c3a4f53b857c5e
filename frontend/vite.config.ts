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
        mode === "mock" ? undefined : { "^/((api|_allauth|health|accounts)/|sso/[0-9a-f-]{36}/)": { target: backend, changeOrigin: false } },
    },
    build: {
      target: "es2022",
      manifest: true,
      chunkSizeWarningLimit: 700,
      rolldownOptions: {
        output: {
          // What nearly every page needs comes in two files that change at different paces; only routes stay apart.
          codeSplitting: {
            groups: [
              { name: "vendor", test: /node_modules[\\/](react|react-dom|scheduler|zod|@tanstack|@mantine|@floating-ui)[\\/]/, priority: 2 },
              { name: "base", test: /src[\\/](lib|config|components[\\/](ui|layout))[\\/]/, priority: 1 },
            ],
          },
        },
      },
    },
    test: {
      projects: [
        {
          extends: true,
          test: { name: "pure", environment: "node", include: ["src/**/*.test.ts"], isolate: false },
        },
        {
          extends: true,
          test: {
            name: "pages",
            environment: "jsdom",
            environmentOptions: { jsdom: { url: "http://127.0.0.1:3000" } },
            setupFiles: ["src/testing/setup.ts"],
            include: ["src/**/*.test.tsx"],
            css: false,
            testTimeout: 30_000,
            // Beside the SDK's tests on two cores; what passed only then is marked in the report.
            retry: process.env.CI ? 1 : 0,
          },
        },
      ],
    },
  };
});
