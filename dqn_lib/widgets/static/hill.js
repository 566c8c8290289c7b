// The hill, the flag and the car, shaped as in the films of dqn_lib/plots/drive.py.

// Half a car more than the track at either end, so that a wall cuts nothing off.
const VIEW = { left: WORLD.minPosition - 0.09, right: WORLD.maxPosition + 0.09, bottom: -0.2, top: 1.28 };
const height = (position) => Math.sin(3 * position) * 0.45 + 0.55;

/** The scene in `parent`, and a function `place(position, action)`; action -1 is no push and no engine. */
export function hill(parent) {
  const { left, right, bottom, top } = VIEW;
  const track = Array.from({ length: 121 }, (_, i) => left + ((right - left) * i) / 120);
  const surface = `M${track.map((x) => `${x.toFixed(3)} ${(-height(x)).toFixed(4)}`).join("L")}`;
  const pole = -height(WORLD.goalPosition);
  const ticks = [-1, -0.5, 0, 0.5].map(
    (x) => `<path d="M${x} ${-bottom - 0.13}v-.03"/><text x="${x}" y="${-bottom - 0.02}">${written(x, 1)}</text>`,
  );
  parent.innerHTML = `
    <svg class="dqn-hill" role="img" viewBox="${left} ${-top} ${right - left} ${top - bottom}">
      <path class="dqn-ground" d="${surface}L${right} ${-bottom}H${left}Z"/>
      <path class="dqn-track" d="${surface}"/>
      <g class="dqn-hill-axis">${ticks.join("")}<text x=".25" y="${-bottom - 0.02}">position</text></g>
      <path class="dqn-track" d="M${WORLD.goalPosition} ${pole}v-.22"/>
      <path class="dqn-flag" d="M${WORLD.goalPosition} ${pole - 0.22}v.1l.085-.05z"/>
      <g class="dqn-car">
        <path class="dqn-exhaust"/>
        <path class="dqn-body" d="M-.075 -.02H.075L.055 -.075H-.055Z"/>
        <circle class="dqn-wheel" cx="-.045" cy="-.018" r=".017"/>
        <circle class="dqn-wheel" cx=".045" cy="-.018" r=".017"/>
      </g>
    </svg>`;
  const [scene, car, exhaust] = ["hill", "car", "exhaust"].map((name) => parent.querySelector(`.dqn-${name}`));

  let shown = "";
  function place(position, action) {
    if (shown === (shown = `${position} ${action}`)) return; // screens are faster than cars
    const slope = (-Math.atan(0.45 * 3 * Math.cos(3 * position)) * 180) / Math.PI;
    car.setAttribute("transform", `translate(${position} ${-height(position)}) rotate(${slope})`);
    const pushes = action === 0 || action === 2;
    const behind = 1 - action; // the exhaust is on the side away from the push
    exhaust.setAttribute("d", pushes ? `M${0.08 * behind} -.045H${0.16 * behind}` : "");
    exhaust.style.stroke = pushes ? COLOURS.actions[action] : "none";
  }
  return { scene, place };
}
