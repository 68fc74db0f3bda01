/**
 * Links as a test says they are.
 *
 * @module
 */
import type { LinkMonitor, LinkSnapshot } from '../links.ts';

export class MemoryLinkMonitor implements LinkMonitor {
  readonly fd = -1;
  readonly isBehind = false;
  readonly resyncCount = 0;
  readonly #links = new Map<string, LinkSnapshot>();
  #snapshot: readonly LinkSnapshot[] = [];
  #indexNext = 1;

  snapshot(): readonly LinkSnapshot[] {
    return this.#snapshot;
  }

  /** Changes become visible here and only here, as with the real one. */
  drain(): boolean {
    const next = [...this.#links.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    if (JSON.stringify(next) === JSON.stringify(this.#snapshot)) return false;
    this.#snapshot = next;
    return true;
  }

  /** Plug in or change a link. What is not said stays, or is that of a healthy link at first. */
  set(name: string, change: Partial<Omit<LinkSnapshot, 'name'>> = {}): void {
    const before = this.#links.get(name) ?? {
      name,
      index: this.#indexNext++,
      carrier: true,
      adminUp: true,
      addresses: [],
      networks: [],
      hasRoute: true,
      hasRoute4: true,
      hasRoute6: true,
      mtu: 1_500,
    };
    this.#links.set(name, { ...before, ...change });
  }

  /** Unplug it. Plugged in again it has another index. */
  remove(name: string): void {
    this.#links.delete(name);
  }

  close(): void {
    this.#links.clear();
  }
}
