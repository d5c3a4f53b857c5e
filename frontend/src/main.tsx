import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@/app/fonts.css";
import "@/app/tokens.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Providers } from "@/app/providers";
import { isMocked } from "@/config/env";

async function start(): Promise<void> {
  if (isMocked) await (await import("@/testing/browser")).startMock();
  const root = document.getElementById("root");
  if (root === null) throw new Error("index.html has no #root");
  createRoot(root).render(
    <StrictMode>
      <Providers />
    </StrictMode>,
  );
}

void start();
