/**
 * Says which pages it has; compiled by embedded.test.ts.
 *
 * @module
 */
import { PAGES } from '../../fleet/pages/pages.ts';

for (const [path, { type, body }] of PAGES) console.log(path, type, body.length);
