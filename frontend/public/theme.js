// Before the first paint, so that a dark screen never flashes white. A file and not inline, so that a strict CSP holds.
(function () {
  var stored = null;
  try {
    stored = localStorage.getItem("headway-color-scheme");
  } catch {
    stored = null; // storage is switched off: the system's choice stands
  }
  var dark = stored === "dark" || (stored !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
