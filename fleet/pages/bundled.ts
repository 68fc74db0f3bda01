/**
 * The files of the dashboard: made here when the program runs from source. In an executable `scripts/compile.ts` has put
 * a module with the finished files in the place of this one.
 *
 * @module
 */
import { type Bundled, bundlePages } from './bundle.ts';

export const BUNDLED: Bundled = await bundlePages(import.meta.dir);
