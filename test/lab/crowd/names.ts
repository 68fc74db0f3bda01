/**
 * Names that a crowd and who steers it have in common: where documents for all of them are published.
 *
 * @module
 */
import { TOPIC_ROOT } from '../../../hal/mqtt/topics.ts';

/** A topic retains one document: of each kind there is one that a device finds when it comes back. */
export type DocumentStream = 'policy' | 'emergency';

/** Where documents for all of a fleet come. */
export const documentTopic = (fleet: string, stream: DocumentStream) =>
  `${TOPIC_ROOT}/${fleet}/_fleet/${stream}/desired`;
