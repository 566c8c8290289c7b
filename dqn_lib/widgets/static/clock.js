// A clock of thirty steps a second, whatever the screen's rate and however busy the page.

const STEP = 1000 / 30; // milliseconds
const MAX_LAG = 500; // milliseconds that are caught up on: after a longer stall the car must not jump

/**
 * A clock that calls `step()` at a steady rate, and `draw()` once in each frame with at least one step: on a
 * faster screen more would only cost energy. While the tab is hidden it stands still.
 */
export function makeClock(step, draw) {
  let request = 0;
  let last = 0;
  let due = 0;

  function frame(now) {
    request = requestAnimationFrame(frame);
    due += Math.min(Math.max(now - last, 0), MAX_LAG);
    last = now;
    if (due < STEP) return;
    while (request && due >= STEP) {
      due -= STEP;
      step(); // may stop the clock
    }
    draw();
  }

  const resume = () => (last = performance.now());

  return {
    start() {
      if (request) return;
      due = 0;
      resume();
      document.addEventListener("visibilitychange", resume);
      request = requestAnimationFrame(frame);
    },
    stop() {
      cancelAnimationFrame(request);
      document.removeEventListener("visibilitychange", resume);
      request = 0;
    },
  };
}
