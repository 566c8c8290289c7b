// Thirty steps and pictures a second, however fast the screen is and however busy the page.

const STEP = 1000 / 30; // milliseconds
const LONGEST = 500; // a longer stall is not made up for: nobody wants to find the car elsewhere

/**
 * A clock that calls `step()` at a steady rate, and `draw()` once in each frame that has seen a step: a
 * screen that is faster would only keep a core busy. While the tab is hidden it stands still.
 */
export function makeClock(step, draw) {
  let request = 0;
  let last = 0;
  let owed = 0;

  function frame(now) {
    request = requestAnimationFrame(frame);
    owed += Math.min(Math.max(now - last, 0), LONGEST);
    last = now;
    if (owed < STEP) return;
    while (request && owed >= STEP) {
      owed -= STEP;
      step(); // may stop the clock
    }
    draw();
  }

  const seen = () => (last = performance.now());

  return {
    start() {
      if (request) return;
      owed = 0;
      seen();
      document.addEventListener("visibilitychange", seen);
      request = requestAnimationFrame(frame);
    },
    stop() {
      cancelAnimationFrame(request);
      document.removeEventListener("visibilitychange", seen);
      request = 0;
    },
  };
}
