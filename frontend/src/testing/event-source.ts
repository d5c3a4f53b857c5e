/** EventSource as a test drives it: it opens at once and says what it is told to say. */
export class FakeEventSource {
  static readonly CLOSED = 2;
  private static readonly open = new Set<FakeEventSource>();

  readyState = 1;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  private readonly listeners = new Map<string, (event: { data: string; lastEventId: string }) => void>();

  constructor(readonly url: string) {
    FakeEventSource.open.add(this);
    queueMicrotask(() => this.onopen?.());
  }

  addEventListener(type: string, listener: (event: { data: string; lastEventId: string }) => void): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.readyState = FakeEventSource.CLOSED;
    FakeEventSource.open.delete(this);
  }

  /** Tells every stream whose address ends so. Returns how many listened. */
  static send(ending: string, type: string, data: unknown, lastEventId = ""): number {
    const heard = [...this.open].filter((each) => new URL(each.url).pathname.endsWith(ending));
    for (const each of heard) each.listeners.get(type)?.({ data: JSON.stringify(data), lastEventId });
    return heard.length;
  }

  /** Breaks every stream whose address ends so, as an answer does that is not a stream. */
  static refuse(ending: string): void {
    for (const each of [...this.open].filter((stream) => new URL(stream.url).pathname.endsWith(ending))) {
      each.close();
      each.onerror?.();
    }
  }

  /** The addresses of the streams that are open. */
  static get urls(): readonly string[] {
    return [...this.open].map((each) => each.url);
  }

  static closeAll(): void {
    for (const each of [...this.open]) each.close();
  }
}
