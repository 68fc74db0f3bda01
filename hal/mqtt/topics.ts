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
 * jvpn/v1/<fleet>/<device>/cmd/…             commands and their answers: commandTopic.ts
 * jvpn/v1/<fleet>/<whom>/policy/desired      heard     COSE_Sign1, policies/signed/
 * jvpn/v1/<fleet>/<whom>/emergency/desired   heard     the same; apart, because a topic retains one document
 * ```
 *
 * `<whom>` is a device, `_group/<group>` or `_fleet`. No name begins with `_`; a public key may, and is longer than both.
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
  /** Where documents for this device alone come. Whatever its groups and its fleet are sent: {@link desiredTopics}. */
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

/** Of each a topic retains one, so that a policy and an emergency reach a device that was away. */
export type DesiredStream = 'policy' | 'emergency';

/** Whom documents may be for, as `Target` of policies/signed/claims.ts has it. */
export interface Addressee {
  readonly level: 'device' | 'group' | 'fleet';
  readonly name: string;
}

/** Where documents for `whom` are published. The fleet is in all topics, so its own name is not asked. */
export function desiredTopic(fleet: string, whom: Addressee, stream: DesiredStream): string {
  const root = `${TOPIC_ROOT}/${level(fleet)}`;
  if (whom.level === 'fleet') return `${root}/_fleet/${stream}/desired`;
  const name = level(whom.name);
  return `${root}/${whom.level === 'group' ? `_group/${name}` : name}/${stream}/desired`;
}

/** What devices alone are sent, of all of a fleet; with what the fleet is sent among it. */
export const everyDesiredTopic = (fleet: string, stream: DesiredStream): string =>
  `${TOPIC_ROOT}/${level(fleet)}/+/${stream}/desired`;

/** All topics on which a device hears documents: its own, those of its groups and of its fleet. */
export function desiredTopics(fleet: string, device: string, groups: readonly string[]): string[] {
  const all: readonly Addressee[] = [
    { level: 'device', name: device },
    ...groups.map((name) => ({ level: 'group', name }) as const),
    { level: 'fleet', name: fleet },
  ];
  const streams = ['policy', 'emergency'] as const;
  return all.flatMap((whom) => streams.map((stream) => desiredTopic(fleet, whom, stream)));
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

/** The streams of a device that tell what became of a document, and how the device is. */
export type AnswerStream = 'health' | 'presence' | 'policyReported';

/** What whoever pushes documents subscribes to: of one device, or of all of a fleet. */
export function answerTopics(
  fleet: string,
  device: string | null,
): Readonly<Record<AnswerStream, string>> {
  const root = [TOPIC_ROOT, level(fleet), device === null ? '+' : level(device)].join('/');
  return {
    health: `${root}/health`,
    presence: `${root}/presence`,
    policyReported: `${root}/policy/reported`,
  };
}

/** Whose answer it is, or null for a topic that is none of {@link answerTopics}. Takes any text. */
export function placeOfAnswer(
  topic: string,
  fleet: string,
): { readonly device: string; readonly stream: AnswerStream } | null {
  const root = `${TOPIC_ROOT}/${fleet}/`;
  const [device = ''] = topic.startsWith(root) ? topic.slice(root.length).split('/') : [];
  if (!LEVEL.test(device)) return null;
  const topics = answerTopics(fleet, device);
  const stream = (['health', 'presence', 'policyReported'] as const).find(
    (one) => topics[one] === topic,
  );
  return stream === undefined ? null : { device, stream };
}

/** A name, or a public key as {@link keyLevel} writes it: `_group` and `_fleet` are neither. */
const LEVEL = /^(?:[A-Za-z0-9.-][A-Za-z0-9_.-]{0,63}|[A-Za-z0-9_-]{43})$/;

export const isLevel = (name: string): boolean => LEVEL.test(name);

/** Anything else would let a name reach into the topics of another device. */
function level(name: string): string {
  assert(LEVEL.test(name), `"${name}" is one level of a topic`);
  return name;
}
