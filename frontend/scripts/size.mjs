// What the first page loads, gzipped: the entry, the shell, Home, all they import statically, and the styles. Fails above the budget.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KIB = 350;
const ROOTS = ["index.html", "src/app/shell/shell.tsx", "src/app/routes/home.tsx"];
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const files = new Set();
const seen = new Set();
function visit(key) {
  if (seen.has(key)) return;
  seen.add(key);
  const chunk = manifest[key];
  files.add(chunk.file);
  for (const style of chunk.css ?? []) files.add(style);
  for (const next of chunk.imports ?? []) visit(next);
}
ROOTS.forEach(visit);

let total = 0;
for (const file of files) total += gzipSync(readFileSync(new URL(file, dist))).length;
console.log(`first page: ${files.size} files, ${(total / 1024).toFixed(1)} KiB gzip (budget ${BUDGET_KIB})`);
if (total / 1024 > BUDGET_KIB) process.exit(1);
