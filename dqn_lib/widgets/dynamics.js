// MountainCar-v0 in JavaScript, with Gymnasium's order of operations, so that only the last bit of a
// cosine may differ. WORLD is put in front by source.py.

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
