export const meKeys = {
  addresses: ["me", "addresses"],
  factors: ["me", "factors"],
  sessions: ["me", "sessions"],
  services: ["me", "services"],
  deletion: ["me", "deletion"],
} as const;
