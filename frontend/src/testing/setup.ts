import "@testing-library/jest-dom/vitest";

import { notifications } from "@mantine/notifications";
import { cleanup } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, vi } from "vitest";

import { FakeEventSource } from "./event-source";
import { server } from "./server";

// What jsdom lacks and the components ask for.
class NoObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
/** Without a layout everything is in view. */
class EverythingInView extends NoObserver {
  constructor(private readonly tell: (entries: { isIntersecting: boolean }[]) => void) {
    super();
  }
  override observe(): void {
    this.tell([{ isIntersecting: true }]);
  }
}
vi.stubGlobal("ResizeObserver", NoObserver);
vi.stubGlobal("IntersectionObserver", EverythingInView);
vi.stubGlobal("EventSource", FakeEventSource);
window.matchMedia = (query: string) =>
  ({ matches: false, media: query, onchange: null, addEventListener() {}, removeEventListener() {}, addListener() {}, removeListener() {}, dispatchEvent: () => false }) as MediaQueryList;
window.scrollTo = () => {};
Element.prototype.scrollIntoView = () => {};
Element.prototype.scrollTo = () => {};
// Without a layout every row would be 0 high, and a virtual list would draw them all.
Object.defineProperty(HTMLElement.prototype, "offsetHeight", { configurable: true, value: 40 });
Blob.prototype.arrayBuffer = function (this: Blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(new Error("The file could not be read."));
    reader.readAsArrayBuffer(this);
  });
};
HTMLCanvasElement.prototype.getContext = () => null;
Object.defineProperty(document, "fonts", { value: { addEventListener() {}, removeEventListener() {} } });

beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterEach(() => {
  cleanup();
  // They are of the window, not of a page: one test's would stand in the next one's.
  notifications.clean();
  server.resetHandlers();
  FakeEventSource.closeAll();
  localStorage.clear();
});
afterAll(() => server.close());
