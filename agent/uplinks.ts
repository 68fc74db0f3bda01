/**
 * The device's links as sockets and transports: one UDP socket a link, bound to it, reopened when
 * the link comes back as another interface.
 *
 * A transport is link × hub endpoint; its id follows from the order in the configuration, so it means
 * the same after a restart, whatever address a name stands for.
 *
 * @module
 */
import type { DatagramOptions, DatagramSocket } from '../hal/datagram.ts';
import type { LinkSnapshot } from '../hal/links.ts';
import { openDatagramSocket } from '../hal/linux/bind.ts';
import { type HalFailure, type HalResult, halFail } from '../hal/result.ts';
import { assert } from '../session/assert.ts';
import type { LinkView } from '../session/device/event.ts';
import { parseAddress, type SocketAddress } from '../session/wire/address.ts';
import { isWithin, parseCidr } from '../session/wire/cidr.ts';
import { parseIp } from '../session/wire/ip.ts';
import type { TunnelSetup } from './messages.ts';
import { type LinkMeter, type Metering, newMeter, UNMETERED } from './metering.ts';

/** Lazily used by the kernel: a burst of 8 ms at 4 Gbit/s. */
const BUFFER_BYTES = 4 << 20;

export interface Uplink {
  readonly name: string;
  readonly kind: LinkView['kind'];
  readonly meter: LinkMeter;
  /** The family with the longest header among its endpoints: what arrives is counted with it. */
  family: 4 | 6;
  socket: DatagramSocket | null;
  /** The kernel's number of the interface the socket is bound to. */
  index: number;
  view: LinkView;
  /** What the system refused: why there is no socket, or what the socket goes without. */
  refused: readonly HalFailure[];
  /** Datagrams that its socket skipped and that were counted. */
  skippedCount: number;
  /** ICMP errors of its socket that the core was told of. */
  icmpCount: number;
}

export interface Path {
  readonly transportId: number;
  readonly uplink: Uplink;
  readonly endpoint: string;
  readonly address: SocketAddress;
}

export type OpenSocket = (options: DatagramOptions) => HalResult<DatagramSocket>;

export class Uplinks {
  readonly all: readonly Uplink[];
  /** What the last `refresh` was given. */
  snapshots: readonly LinkSnapshot[] = [];
  /** Another number whenever a socket was opened or closed: whoever polls them looks again. */
  socketsRevision = 0;
  readonly #paths = new Map<number, Path>();
  /** Asked for last: nearly always that of the next datagram too. */
  #last: Path | null = null;
  readonly #mark: number;
  readonly #offload: TunnelSetup['offload'];
  readonly #openSocket: OpenSocket;

  constructor(
    setup: Pick<TunnelSetup, 'links' | 'endpoints' | 'mark' | 'offload' | 'metering'>,
    openSocket: OpenSocket = openDatagramSocket,
  ) {
    this.#openSocket = openSocket;
    this.#mark = setup.mark;
    this.#offload = setup.offload;
    this.all = setup.links.map(({ name, kind }, linkAt) => {
      const endpoints = setup.endpoints.map((endpoint, endpointAt) => ({
        transportId: linkAt * setup.endpoints.length + endpointAt + 1,
        endpoint: endpoint ?? '',
        hasAddress: false,
        hasRoute: false,
      }));
      return {
        name,
        kind,
        meter: newMeter(name, setup.metering ?? UNMETERED),
        family: 4,
        socket: null,
        index: 0,
        view: { name, kind, hasCarrier: false, mtuBytes: 0, endpoints },
        refused: [],
        skippedCount: 0,
        icmpCount: 0,
      };
    });
    this.setEndpoints(setup.endpoints);
  }

  /** Canonical `ip:port`, as many and in the same order as at first; null: none is known. */
  setEndpoints(endpoints: readonly (string | null)[]): void {
    for (const uplink of this.all) {
      assert(endpoints.length === uplink.view.endpoints.length, 'endpoints keep their places');
      const named = uplink.view.endpoints.map((view, at) => ({
        ...view,
        endpoint: endpoints[at] ?? '',
      }));
      uplink.view = { ...uplink.view, endpoints: named };
      uplink.family = named.some(({ endpoint }) => endpoint.startsWith('[')) ? 6 : 4;
      for (const { transportId, endpoint } of named) this.#place(uplink, transportId, endpoint);
    }
  }

  /** Budgets of another policy; what was counted stays counted. */
  setMetering({ budgets, spent }: Metering): void {
    for (const { name, meter } of this.all) {
      meter.setBudget(budgets[name] ?? 0, spent.find(({ link }) => link === name) ?? null);
    }
  }

  /** The path stays the same object while its endpoint does: whoever sends over it may keep it. */
  #place(uplink: Uplink, transportId: number, endpoint: string): void {
    this.#last = null;
    if (endpoint === '') return void this.#paths.delete(transportId);
    if (this.#paths.get(transportId)?.endpoint === endpoint) return;
    const address = parseAddress(endpoint);
    assert(address.ok, 'endpoints were checked with the configuration, or come from a lookup');
    this.#paths.set(transportId, { transportId, uplink, endpoint, address: address.value });
  }

  path(transportId: number): Path | null {
    if (this.#last?.transportId === transportId) return this.#last;
    const path = this.#paths.get(transportId) ?? null;
    if (path !== null) this.#last = path;
    return path;
  }

  /** Take a snapshot of the system's links; returns the view of the configured ones. */
  refresh(snapshots: readonly LinkSnapshot[]): readonly LinkView[] {
    this.snapshots = snapshots;
    for (const uplink of this.all) {
      const snapshot = snapshots.find(({ name }) => name === uplink.name);
      this.#reopen(uplink, snapshot);
      const families = new Set(snapshot?.addresses.map(familyOf));
      const hasSocket = uplink.socket !== null;
      uplink.view = {
        ...uplink.view,
        hasCarrier: hasSocket && snapshot !== undefined && isUp(snapshot),
        mtuBytes: snapshot?.mtu ?? 0,
        endpoints: uplink.view.endpoints.map((endpoint) => ({
          ...endpoint,
          local: localOf(snapshot, this.path(endpoint.transportId)?.address.family),
          hasAddress: families.has(this.path(endpoint.transportId)?.address.family),
          hasRoute: canReach(snapshot, this.path(endpoint.transportId)?.address),
        })),
      };
    }
    return this.all.map(({ view }) => view);
  }

  /** A link is there and got no socket: another `refresh` tries again. */
  get isMissingSocket(): boolean {
    return this.all.some(({ index, socket }) => index !== 0 && socket === null);
  }

  #reopen(uplink: Uplink, snapshot: LinkSnapshot | undefined): void {
    const index = snapshot?.index ?? 0;
    const isKnownMissing = index === 0 && uplink.refused.length > 0;
    if (index === uplink.index && (uplink.socket !== null || isKnownMissing)) return;
    if (uplink.socket !== null) this.socketsRevision += 1;
    uplink.socket?.close();
    uplink.socket = null;
    uplink.index = index;
    uplink.refused = [];
    uplink.skippedCount = 0;
    uplink.icmpCount = 0;
    if (index === 0) {
      uplink.refused = [halFail('deviceMissing', uplink.name)];
      return;
    }
    const opened = this.#openSocket({
      link: uplink.name,
      address: null,
      port: 0,
      mark: this.#mark === 0 ? null : this.#mark,
      bufferBytes: BUFFER_BYTES,
      offload: this.#offload,
    });
    if (opened.ok) {
      uplink.socket = opened.value;
      this.socketsRevision += 1;
    }
    uplink.refused = opened.ok ? opened.value.notices : [opened];
  }

  close(): void {
    for (const uplink of this.all) uplink.socket?.close();
  }
}

/** Whatever says first that nothing gets through is believed: these are facts of our own machine. */
function isUp({ carrier, adminUp, radio }: LinkSnapshot): boolean {
  return carrier && adminUp && radio !== 'disconnected';
}

/** The link's own addresses of one family, in one text to compare. */
function localOf(link: LinkSnapshot | undefined, family: 4 | 6 | undefined): string {
  return link?.addresses.filter((address) => familyOf(address) === family).join(' ') ?? '';
}

/** A route of the address's family beyond the neighbours, or the address is one of the neighbours'. */
function canReach(link: LinkSnapshot | undefined, address: SocketAddress | undefined): boolean {
  if (link === undefined || address === undefined) return false;
  if (address.family === 4 ? link.hasRoute4 : link.hasRoute6) return true;
  return link.networks.some((network) => {
    const cidr = parseCidr(network);
    return cidr.ok && isWithin(address, cidr.value);
  });
}

function familyOf(address: string): 4 | 6 | undefined {
  const ip = parseIp(address);
  return ip.ok ? ip.value.family : undefined;
}
