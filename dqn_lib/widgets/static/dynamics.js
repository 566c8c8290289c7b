// MountainCar-v0 with Gymnasium's order of operations, so that only the last bit of a cosine may differ.
// assets.py puts WORLD in front.

const clip = (value, low, high) => Math.min(Math.max(value, low), high);

/** One step from `[position, velocity]`; returns the next such pair. */
export function step([position, velocity], action) {
  velocity += (action - 1) * WORLD.force + Math.cos(3 * position) * -WORLD.gravity;
  velocity = clip(velocity, -WORLD.maxSpeed, WORLD.maxSpeed);
  position = clip(position + velocity, WORLD.minPosition, WORLD.maxPosition);
  if (position === WORLD.minPosition && velocity < 0) velocity = 0;
  return [position, velocity];
}

/** Whether `[position, velocity]` is at the flag. */
export function terminated([position, velocity]) {
  return position >= WORLD.goalPosition && velocity >= WORLD.goalVelocity;
}

/** A generator of random numbers from 0 to 1 (SplitMix by Steele, Lea and Flood, in 32 bits). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A random start state: at rest, near the bottom of the valley. */
export function startState(random) {
  const [low, high] = WORLD.startPositions;
  return [low + (high - low) * random(), 0];
}

/** The length of an episode from `state` with the actions `choose(step)`, and whether it reaches the flag. */
export function runEpisode(state, choose) {
  for (let length = 1; length <= WORLD.maxSteps; length++) {
    state = step(state, choose(length - 1));
    if (terminated(state)) return { length, reached: true };
  }
  return { length: WORLD.maxSteps, reached: false };
}
