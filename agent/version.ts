/**
 * Which build this is. The version has one home, package.json; the commit is put in by `scripts/build.ts`.
 *
 * @module
 */
import { version } from '../package.json';

declare const JVPN_COMMIT: string | undefined;

export const VERSION: string = version;

/** Abbreviated commit, with `+changes` when the tree had uncommitted ones; `source` when run uncompiled. */
export const COMMIT: string = typeof JVPN_COMMIT === 'undefined' ? 'source' : JVPN_COMMIT;

/** The one line of `jvpn --version`. */
export function versionLine(): string {
  return `jvpn ${VERSION} (${COMMIT}, bun ${Bun.version}, ${process.platform}-${process.arch})`;
}
