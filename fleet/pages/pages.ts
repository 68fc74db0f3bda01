/**
 * What the server serves besides its own answers, by path.
 *
 * `/`, `/device` (for each `/device/NAME`), `/login`, `/login/refused` (the form again, after a wrong token), and the files
 * under `/assets/`, whose names change with their bytes. No page has a script or a style in it or reaches another host:
 * `Content-Security-Policy: default-src 'self'` is enough for all of them. The form and the assets need no login.
 *
 * @module
 */
import { BUNDLED } from './bundled.ts';

export interface Page {
  readonly body: Uint8Array | string;
  /** The content type, with its character set. */
  readonly type: string;
}

export const PAGES: ReadonlyMap<string, Page> = new Map(
  BUNDLED.map(([path, type, body]) => [path, { body, type }]),
);

/** The page of a request's path. */
export function pageOf(path: string): Page | undefined {
  return PAGES.get(path.startsWith('/device/') ? '/device' : path);
}
