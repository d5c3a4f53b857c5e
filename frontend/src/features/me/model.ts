const BROWSERS: readonly (readonly [string, RegExp])[] = [
  ["Edge", /\bEdg(?:A|iOS)?\//],
  ["Opera", /\bOPR\//],
  ["Firefox", /\b(?:Firefox|FxiOS)\//],
  ["Chrome", /\b(?:Chrome|HeadlessChrome|CriOS|Chromium)\//],
  ["Safari", /\bSafari\//],
];

const SYSTEMS: readonly (readonly [string, RegExp])[] = [
  ["Android", /\bAndroid\b/],
  ["iPhone", /\biPhone\b/],
  ["iPad", /\biPad\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMac OS X\b|\bMacintosh\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["Linux", /\bLinux\b/],
];

/** "Firefox on Linux"; what it said of itself when it is no browser that we know. */
export function describeDevice(userAgent: string): string {
  const browser = BROWSERS.find(([, told]) => told.test(userAgent))?.[0];
  const system = SYSTEMS.find(([, told]) => told.test(userAgent))?.[0];
  if (browser === undefined) return userAgent === "" ? "Unknown program" : userAgent;
  return system === undefined ? browser : `${browser} on ${system}`;
}

/** The protocol of signing in counts seconds. */
export function isoOf(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}

/** As it is typed off: JBSW Y3DP … */
export function inGroups(text: string, size = 4): string {
  return text.replace(/=+$/, "").replace(new RegExp(`(.{${size}})(?=.)`, "g"), "$1 ");
}

/** The dark squares of a QR code as one path, a unit each. */
export function pathOf(rows: readonly (readonly boolean[])[]): string {
  return rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
}
