/**
 * Names that a crowd and who steers it have in common: where documents are published, and who a canary is.
 *
 * @module
 */
import { TOPIC_ROOT } from '../../../hal/mqtt/topics.ts';

/** The group of the first devices of a crowd. */
export const CANARY = 'canary';

/** A topic retains one document: of each kind there is one that a device finds when it comes back. */
export type DocumentStream = 'policy' | 'emergency';

/** Where documents for all of a fleet come; for one of its groups, if one is named. */
export function documentTopic(fleet: string, stream: DocumentStream, group: string | null = null) {
  const whom = group === null ? '_fleet' : `_group/${group}`;
  return `${TOPIC_ROOT}/${fleet}/${whom}/${stream}/desired`;
}
