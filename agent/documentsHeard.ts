/**
 * Where a device hears signed documents, and how one came: as a command, or where everything else comes.
 *
 * @module
 */
import { commandFilter, mayAnswerTo, placeOfCommand } from '../hal/mqtt/commandTopic.ts';
import type { Heard, Hears } from './broker.ts';
import type { CommandRequest, Documents } from './telemetry.ts';

/** What is said back to whoever asks, as often as it is asked: no more than a key of his own (chosen). */
const CORRELATION_BYTES_MAX = 64;

interface Place {
  readonly fleet: string;
  readonly device: string;
}

/**
 * What a device subscribes to for signed documents: the topics where they are published, and that of its own commands.
 *
 * @param desiredTopics of the device, its groups and its fleet.
 */
export function documentsHeard(
  { desiredTopics, place }: { readonly desiredTopics: readonly string[]; readonly place: Place },
  { onDocument }: Documents,
): readonly Hears[] {
  const onMessage = (heard: Heard) =>
    onDocument(heard.payload, heard.isRetained, requestOf(heard, place));
  return [
    // A broker that keeps a session would keep each version that was published meanwhile, and what was taken back with them. What it
    // retains is the newest, and comes with each connection.
    { topics: desiredTopics, qos: 0, onMessage },
    { topics: [commandFilter(place.fleet, place.device)], onMessage },
  ];
}

/** Null: it is on no topic of commands. */
export function requestOf(heard: Heard, { fleet, device }: Place): CommandRequest | null {
  const place = placeOfCommand(heard.topic, fleet, device);
  if (place === null) return null;
  const { responseTopic, correlation } = heard;
  const isAnswerable = responseTopic !== null && mayAnswerTo(responseTopic, fleet);
  const isShort = correlation !== null && correlation.length <= CORRELATION_BYTES_MAX;
  return {
    place,
    responseTopic: isAnswerable ? responseTopic : null,
    correlation: isShort ? correlation : null,
  };
}
