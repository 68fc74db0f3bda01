/**
 * Where the address of a page leads in it: what comes later pushes that place down, so the reader is taken there once all is there.
 *
 * @module
 */

/** To be called before anything changes the address. What it returns takes the reader there, unless the reader has moved meanwhile. */
export function arrival(): () => void {
  const { hash } = location;
  const [way] = performance.getEntriesByType('navigation');
  // Whoever comes back or loads it again stands where the page was left.
  let hasPlace = (way as PerformanceNavigationTiming | undefined)?.type !== 'navigate';
  const stand = () => {
    hasPlace = true;
  };
  for (const kind of ['wheel', 'keydown', 'pointerdown', 'touchstart']) {
    addEventListener(kind, stand, { once: true, passive: true });
  }
  return () => {
    const place = hash === '' ? null : document.getElementById(hash.slice(1));
    if (hasPlace || place === null) return;
    place.focus({ preventScroll: true });
    place.scrollIntoView();
  };
}
