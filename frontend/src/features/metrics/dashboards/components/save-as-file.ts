import type { DashboardDocument } from "@/schema/wire/dashboards";

/** The dashboard as a file that "Import JSON" takes. */
export function saveAsFile(document_: DashboardDocument): void {
  const url = URL.createObjectURL(new Blob([`${JSON.stringify(document_, null, 2)}\n`], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${document_.name.replace(/[^\w-]+/g, "-").toLowerCase()}.dashboard.json`;
  link.click();
  URL.revokeObjectURL(url);
}
