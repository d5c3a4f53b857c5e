import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@/app/fonts.css";
import "@/app/tokens.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Providers } from "@/app/providers";

async function start(): Promise<void> {
  // Written out rather than named elsewhere: a build for production then leaves the mock out.
  if (import.meta.env.DEV && import.meta.env.MODE === "mock") await (await import("@/testing/browser")).startMock();
  const root = document.getElementById("root");
  if (root === null) throw new Error("index.html has no #root");
  createRoot(root).render(
    <StrictMode>
      <Providers />
    </StrictMode>,
  );
}

// After an upgrade of the server the files of the page that is open are gone: load the new ones, once.
const RELOADED = "headway-reloaded";
window.addEventListener("vite:preloadError", (event) => {
  const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
  if (Date.now() - last < 60_000) return;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  event.preventDefault();
  window.location.reload();
});

void start();
