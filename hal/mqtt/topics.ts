/**
 * Every MQTT topic of a device, in one place, for who writes them and for who reads them; documented in docs/mqtt.md.
 *
 * ```text
 * jvpn/v1/<fleet>/<device>/health     retained  CBOR, agent/health.ts
 * jvpn/v1/<fleet>/<device>/presence   retained  CBOR, agent/presence.ts; also the last will
 * jvpn/v1/<fleet>/<device>/twin       retained  CBOR, agent/twin.ts
 * jvpn/v1/<fleet>/<device>/event/<kind>          CBOR, agent/events/
 * jvpn/v1/<fleet>/<device>/rebirth    heard     anything
 * jvpn/v1/<fleet>/<device>/policy/reported   retained  CBOR, agent/push.ts
 * jvpn/v1/<fleet>/<device>/policy/desired    heard     COSE_Sign1, policies/signed/
 * jvpn/v1/<fleet>/<device>/cmd/…             commands and their answers: commandTopic.ts
 * ```
 *
 * `v1` is the version of this scheme: a topic is never given another meaning under the same one.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';

export const TOPIC_ROOT = 'jvpn/v1';

export interface DeviceTopics {
  readonly health: string;
  readonly presence: string;
  readonly twin: string;
  readonly event: (kind: string) => string;
  readonly rebirth: string;
  readonly policyReported: string;
  readonly policyDesired: string;
}

export function deviceTopics(fleet: string, device: string): DeviceTopics {
  const root = deviceRoot(fleet, device);
  return {
    health: `${root}/health`,
    presence: `${root}/presence`,
    twin: `${root}/twin`,
    event: (kind) => `${root}/event/${level(kind)}`,
    rebirth: `${root}/rebirth`,
    policyReported: `${root}/policy/reported`,
    policyDesired: `${root}/policy/desired`,
  };
}

/** What all topics of a device begin with. */
export function deviceRoot(fleet: string, device: string): string {
  return [TOPIC_ROOT, level(fleet), level(device)].join('/');
}

/**
 * A public key as one level of a topic: base64url without padding (RFC 4648 §5), because `/` and `+`
 * mean something in a topic.
 *
 * @param publicKey 44 characters of base64.
 */
export function keyLevel(publicKey: string): string {
  return publicKey.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** What whoever watches a fleet subscribes to: the topics of all its devices. */
export function fleetTopics(fleet: string): Readonly<Record<WatchedStream, string>> {
  const root = `${TOPIC_ROOT}/${level(fleet)}/+`;
  return {
    health: `${root}/health`,
    presence: `${root}/presence`,
    policyReported: `${root}/policy/reported`,
    event: `${root}/event/+`,
  };
}

/** The streams of a device that a fleet is watched by. */
export type WatchedStream = 'health' | 'presence' | 'policyReported' | 'event';

export interface TopicPlace {
  /** As the topic names it: `telemetry.device`, or the key of {@link keyLevel}. */
  readonly device: string;
  readonly stream: WatchedStream;
}

/** Whose topic it is, or null for one that {@link deviceTopics} never makes for this fleet. Takes any text. */
export function placeOfTopic(topic: string, fleet: string): TopicPlace | null {
  const root = `${TOPIC_ROOT}/${fleet}/`;
  if (!topic.startsWith(root)) return null;
  const below = topic.slice(root.length);
  const at = below.indexOf('/');
  const [device, stream] = [below.slice(0, at), streamOf(below.slice(at + 1))];
  return stream === null || !LEVEL.test(device) ? null : { device, stream };
}

/** What stands behind the device; the kind of an event is in its payload. */
function streamOf(rest: string): WatchedStream | null {
  return EVENT.test(rest) ? 'event' : (STREAMS.get(rest) ?? null);
}

const STREAMS: ReadonlyMap<string, WatchedStream> = new Map([
  ['health', 'health'],
  ['presence', 'presence'],
  ['policy/reported', 'policyReported'],
]);
const EVENT = /^event\/[a-z]{1,32}$/;

const LEVEL = /^[A-Za-z0-9_.-]{1,64}$/;

export const isLevel = (name: string): boolean => LEVEL.test(name);

/** Anything else would let a name reach into the topics of another device. */
function level(name: string): string {
  assert(LEVEL.test(name), `"${name}" is one level of a topic`);
  return name;
}
