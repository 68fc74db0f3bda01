/**
 * Configures network interfaces: addresses, MTU, up, routes. Every call is idempotent.
 *
 * Refuses to replace a route that leads elsewhere (`routeConflict`): what the operator or another
 * daemon configured is not ours to move.
 *
 * @module
 */
import type { HalResult } from './result.ts';

export interface RouteOptions {
  /** Kernel metric, lower wins; 0 or absent is the kernel's default. */
  readonly metric?: number;
  /** Routing table, 1…2^32−1; the main table if absent. */
  readonly table?: number;
}

export interface InterfaceSetup {
  /** Make the global addresses of `name` exactly `cidrs` (`10.77.0.5/32`, `fd77::5/128`). */
  setAddresses(name: string, cidrs: readonly string[]): HalResult<null>;
  setMtu(name: string, mtuBytes: number): HalResult<null>;
  setUp(name: string): HalResult<null>;
  addRoute(cidr: string, device: string, options?: RouteOptions): HalResult<null>;
  removeRoute(cidr: string, device: string, options?: RouteOptions): HalResult<null>;
  close(): void;
}
