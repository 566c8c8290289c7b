// The hill, the flag and the car; its shape is that of the films in dqn_lib/plots/hill.py.

// Half a car more than the track at either end, so that a wall cuts nothing off.
const VIEW = { left: WORLD.minPosition - 0.09, right: WORLD.maxPosition + 0.09, bottom: -0.2, top: 1.28 };
const height = (position) => Math.sin(3 * position) * 0.45 + 0.55;
const outline = (points) => `M${points.map(([x, y]) => `${x} ${-y}`).join("L")}`;

/** The scene in `parent`, and a function `place(position, action)`; with action -1 the engine is off. */
export function hill(parent) {
  const { left, right, bottom, top } = VIEW;
  const track = Array.from({ length: 121 }, (_, i) => left + ((right - left) * i) / 120);
  const surface = `M${track.map((x) => `${x.toFixed(3)} ${(-height(x)).toFixed(4)}`).join("L")}`;
  const foot = `translate(${WORLD.goalPosition} ${-height(WORLD.goalPosition)})`;
  const ticks = [-1, -0.5, 0, 0.5].map(
    (x) => `<path d="M${x} ${-bottom - 0.13}v-.03"/><text x="${x}" y="${-bottom - 0.02}">${written(x, 1)}</text>`,
  );
  const wheels = CAR.wheels.map(([x, y]) => `<circle class="dqn-wheel" cx="${x}" cy="${-y}" r=".017"/>`);
  parent.innerHTML = `
    <svg class="dqn-hill" role="img" viewBox="${left} ${-top} ${right - left} ${top - bottom}">
      <path class="dqn-ground" d="${surface}L${right} ${-bottom}H${left}Z"/>
      <path class="dqn-track" d="${surface}"/>
      <g class="dqn-hill-axis">${ticks.join("")}<text x=".25" y="${-bottom - 0.02}">position</text></g>
      <g transform="${foot}">
        <path class="dqn-track" d="M0 0V${-CAR.pole}"/>
        <path class="dqn-flag" d="${outline(CAR.flag)}Z"/>
      </g>
      <g class="dqn-car">
        <path class="dqn-exhaust"/>
        <path class="dqn-body" d="${outline(CAR.body)}Z"/>
        ${wheels.join("")}
      </g>
    </svg>`;
  const [scene, car, exhaust] = ["hill", "car", "exhaust"].map((name) => parent.querySelector(`.dqn-${name}`));
  const [[near, up], [far]] = CAR.exhaust;

  let shown = "";
  function place(position, action) {
    if (shown === (shown = `${position} ${action}`)) return; // most frames change nothing
    const slope = (-Math.atan(0.45 * 3 * Math.cos(3 * position)) * 180) / Math.PI;
    car.setAttribute("transform", `translate(${position} ${-height(position)}) rotate(${slope})`);
    const pushes = action === 0 || action === 2;
    const side = 1 - action; // the exhaust is on the side away from the push
    exhaust.setAttribute("d", pushes ? `M${near * side} ${-up}H${far * side}` : "");
    exhaust.style.stroke = pushes ? COLOURS.actions[action] : "none";
  }
  return { scene, place };
}
