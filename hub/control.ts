/**
 * What the hub answers on its control socket.
 *
 * @module
 */
import {
  answered,
  type ControlAnswer,
  type ControlRequest,
  type ControlServer,
  refused,
} from '../hal/control.ts';
import type { AuditLog } from '../hal/linux/auditLog.ts';
import { version } from '../package.json';
import { isReasonCode, type ReasonCode } from '../session/reasons.ts';
import { findDevice } from './enrolment.ts';
import type { PeerStatus } from './messages.ts';
import type { Ownership } from './ownership.ts';
import type { PolicyInForce } from './policyInForce.ts';
import { REGISTRY_METHODS, type Registry } from './registry.ts';
import type { HubStart } from './start.ts';
import type { Store } from './store.ts';
import type { HubTime } from './time.ts';
import type { TunnelLink } from './tunnelLink.ts';

export const HUB_METHODS = [
  'status',
  'sessions',
  'events',
  'reload_policy',
  'terminate',
  ...REGISTRY_METHODS,
] as const;
const EVENTS_DEFAULT = 256;

export interface HubParts {
  readonly start: HubStart;
  readonly publicKey: string;
  readonly store: Store;
  readonly time: HubTime;
  readonly tunnel: TunnelLink;
  readonly audit: AuditLog;
  readonly ownership: Ownership;
  readonly registry: Registry;
  readonly policy: PolicyInForce;
}

export class HubControl {
  readonly #parts: HubParts;
  readonly #startedAtMs: number;
  /** Who serves this, for its counters. */
  server: ControlServer | null = null;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.time.nowMs();
  }

  async handle(request: ControlRequest): Promise<ControlAnswer> {
    const { tunnel, audit, registry } = this.#parts;
    switch (request.method) {
      case 'status':
        return answered(await this.#status());
      case 'sessions':
        return answered((await tunnel.peers()).map(rowOf));
      case 'events': {
        const count = request['count'] ?? EVENTS_DEFAULT;
        if (!Number.isSafeInteger(count)) return refused('inputInvalid', '"count" is no integer');
        return answered(audit.recent(Number(count)));
      }
      case 'reload_policy':
        return this.#parts.policy.reload();
      case 'terminate':
        return this.#terminate(request);
      default:
        return (
          registry.handle(request) ??
          refused(
            'methodUnknown',
            `a hub listens on this socket, and "${request.method}" is none of ${HUB_METHODS.join(', ')}; an agent's socket is named by --socket`,
          )
        );
    }
  }

  async #status(): Promise<unknown> {
    const { start, publicKey, audit, ownership, time, tunnel, policy } = this.#parts;
    const { config } = start;
    const { counters, peers, sessions, ...rest } = await tunnel.status();
    return {
      role: 'hub',
      version,
      hub_id: config.state.hubId,
      public_key: publicKey,
      listen: config.listen.addresses.map((address) => `${address} port ${rest.udp_port}`),
      uptime_s: Math.round((time.nowMs() - this.#startedAtMs) / 1_000),
      policy: { name: policy.current.name, version: policy.current.version },
      emergency_until: policy.emergencyUntil,
      devices: peers,
      sessions,
      ...rest,
      store: {
        committed: ownership.committedCount,
        failed: ownership.failureCount,
        last_failure: ownership.lastFailure,
      },
      time_ahead_of_wall_ms: Math.round(time.aheadOfWallMs),
      audit: audit.status(),
      control: this.server?.counters ?? null,
      memory_rss_bytes: process.memoryUsage.rss(),
      counters,
    };
  }

  /** By the device's name or key, or by the session's id. */
  async #terminate(request: ControlRequest): Promise<ControlAnswer> {
    const { store, tunnel } = this.#parts;
    const reasonCode = reasonOfRequest(request['reason_code']);
    if (reasonCode === null) return refused('inputInvalid', '"reason_code" is no reason code');
    const named = request['device'];
    const sessionId = request['session'];
    const peers = await tunnel.peers();
    const bySession = peers.find(
      (peer) => peer.mode === 'session' && peer.seat.sessionId === sessionId,
    );
    const byName = typeof named === 'string' ? findDevice(named, store.devices()) : null;
    const device =
      byName?.publicKey ?? (bySession?.mode === 'session' ? bySession.seat.device : null);
    const found = peers.find((peer) => peer.mode === 'session' && peer.seat.device === device);
    if (device === null || found?.mode !== 'session') {
      const what =
        typeof named === 'string'
          ? `No device is called "${named}" or has it as its key; jvpn devices and jvpn sessions list them.`
          : 'Name a "device" (name or key) or a "session" (its id).';
      return refused('unknownDevice', what);
    }
    if (found.seat.sessionId === null || found.seat.terminated !== null) {
      return refused('noSession', `"${found.name}" has no living session.`);
    }
    tunnel.post({ kind: 'terminate', device, reasonCode });
    return answered({ asked: true, device, session_id: found.seat.sessionId });
  }
}

function reasonOfRequest(value: unknown): ReasonCode | null {
  if (value === undefined) return 'operator_terminated';
  return typeof value === 'string' && isReasonCode(value) ? value : null;
}

/** A session as it is shown, in the field names of the audit log. */
function rowOf(peer: PeerStatus): Readonly<Record<string, unknown>> {
  if (peer.mode === 'plain') {
    const { endpoint: binding, ...rest } = peer;
    return { ...rest, state: 'plain', session_id: null, state_version: null, binding };
  }
  const { seat } = peer;
  return {
    mode: 'session',
    name: peer.name,
    device: seat.device,
    state: seat.state,
    session_id: seat.sessionId,
    previous_session_id: seat.previousSessionId,
    terminated: seat.terminated,
    state_version: seat.stateVersion,
    hub_seq: seat.hubSeq,
    owner: seat.owner,
    owner_epoch: seat.ownerEpoch,
    is_owner: seat.isOwner,
    is_carrying: seat.isCarrying,
    binding: seat.source === null ? null : `${seat.linkName}→${seat.source}`,
    transport_id: seat.transportId,
    link_kind: seat.linkKind,
    is_source_validated: seat.isSourceValidated,
    inner4: seat.inner4,
    inner6: seat.inner6,
    cipher: seat.cipher,
    mtu_bytes: seat.mtuBytes,
    channels: seat.channels,
    created_at_ms: seat.createdAtMs,
    ends_at_ms: seat.endsAtMs,
    heard_at_ms: seat.heardAtMs,
    recovering_since_ms: seat.recoveringSinceMs,
    switches_last_minute: seat.switchesLastMinute,
    is_store_unknown: seat.isStoreUnknown,
    traffic: peer.traffic,
    held: peer.held,
    ...(peer.mode === 'session' ? { resend: peer.resend } : {}),
    counters: seat.counters,
  };
}
